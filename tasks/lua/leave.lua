-- Give a place back. KEYS as for enter. ARGV: place, sign, pause, breaker_failures, breaker_seconds.
-- The sign is what the attempt says of the host: "well", "ill", "unknown", or "unused" where none was made.
-- Answers for how many seconds the host is shut from now on.
local place, sign = ARGV[1], ARGV[2]
local pause, breaker_failures, breaker_seconds = number(ARGV[3]), number(ARGV[4]), number(ARGV[5])

for _, base in ipairs(KEYS) do
  redis.call('ZREM', base .. ':slots', place)
  redis.call('ZREM', base .. ':overdue', place)
  if sign == 'unused' then
    redis.call('ZREM', base .. ':starts', place)
  end
end

local was_probe = redis.call('HGET', host, 'probe') == place
if was_probe then
  redis.call('HDEL', host, 'probe')
end
if sign == 'well' then
  redis.call('HDEL', host, 'failures', 'open_until', 'probe')
elseif sign == 'ill' and breaker_failures > 0 then
  local is_open = redis.call('HEXISTS', host, 'open_until') == 1
  -- Those that were under way when it opened say nothing new.
  if was_probe or (not is_open and redis.call('HINCRBY', host, 'failures', 1) >= breaker_failures) then
    redis.call('HSET', host, 'open_until', now + breaker_seconds)
    remember(breaker_seconds + ROW)
  end
  remember(ROW)
end
if pause > 0 and now + pause > number(redis.call('HGET', host, 'paused_until')) then
  redis.call('HSET', host, 'paused_until', now + pause)
  remember(pause)
end
local shut_until = gate(false)
return tostring(shut_until and shut_until - now or 0)
