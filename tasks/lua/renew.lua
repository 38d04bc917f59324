-- Prolong a place. KEYS as for enter. ARGV: place, lease.
for _, base in ipairs(KEYS) do
  redis.call('ZREM', base .. ':overdue', ARGV[1])
  redis.call('ZADD', base .. ':slots', now + number(ARGV[2]), ARGV[1])
  redis.call('EXPIRE', base .. ':slots', DAY)
end
