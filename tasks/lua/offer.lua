-- Share out the room at a host between the lines that wait for it, one scan of each in turn.
-- KEYS: the host, then for each line the batch's share of it.
-- ARGV: grace, line_seconds, offer_seconds, most, concurrency, starts,
--       and for each line: its name, how many wait in it, its own concurrency and starts.
-- Answers for how many seconds the host is shut and why, after how many seconds to look again (0: cannot be said),
-- and how many of each line may go.
local grace, line_seconds, offer_seconds, most = number(ARGV[1]), number(ARGV[2]), number(ARGV[3]), number(ARGV[4])
local concurrency, starts = number(ARGV[5]), number(ARGV[6])
local count = #KEYS - 1

sweep(host, grace)
redis.call('HSET', host, 'line_until', now + line_seconds)
remember(line_seconds)

local given = {}
for i = 1, count do
  given[i] = 0
end

local shut_until, why, needs_probe = gate(false)
if shut_until then
  return { tostring(shut_until - now), why, tostring(shut_until - now), unpack(given) }
end

local offered = redis.call('ZCARD', host .. ':offers')
local free = math.min(most, room(host, concurrency, starts) - offered)
if needs_probe then
  free = math.min(free, (is_probed() or offered > 0) and 0 or 1)
end

local turn = redis.call('HGET', host, 'turn')
local i = 1
while turn and i <= count and ARGV[3 + 4 * i] <= turn do
  i = i + 1
end

local function has_own_limits(line)
  return number(ARGV[5 + 4 * line]) > 0 or number(ARGV[6 + 4 * line]) > 0
end

local function has_room(line)
  if not has_own_limits(line) then
    return true
  end
  local base = KEYS[1 + line]
  sweep(base, grace)
  return room(base, number(ARGV[5 + 4 * line]), number(ARGV[6 + 4 * line])) > redis.call('ZCARD', base .. ':offers')
end

local function offer(base)
  redis.call('ZADD', base .. ':offers', now + offer_seconds, redis.call('HINCRBY', host, 'offers', 1))
  redis.call('EXPIRE', base .. ':offers', DAY)
end

local idle = 0
while free >= 1 and idle < count do
  if i > count then
    i = 1
  end
  if given[i] < number(ARGV[4 + 4 * i]) and has_room(i) then
    given[i] = given[i] + 1
    free = free - 1
    idle = 0
    redis.call('HSET', host, 'turn', ARGV[3 + 4 * i])
    offer(host)
    if has_own_limits(i) then
      offer(KEYS[1 + i])
    end
  else
    idle = idle + 1
  end
  i = i + 1
end

local look_again = 0
if starts > 0 and redis.call('ZCARD', host .. ':starts') >= starts then
  look_again = number(redis.call('ZRANGE', host .. ':starts', 0, 0, 'WITHSCORES')[2]) - now
end
return { '0', '', tostring(look_again), unpack(given) }
