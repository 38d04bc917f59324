-- Ask for a place at the host. KEYS: the host, and the batch's share of it where the batch has limits of its own.
-- ARGV: place, lease, grace, line_seconds, who asks ("new", "line", "wanted", "person", "onward"),
--       and for each key: concurrency, starts, window.
-- Answers what came of it ("taken", "shut", "busy", "line"), and for "shut" how many seconds are left, and why.
local place, lease, grace, line_seconds = ARGV[1], number(ARGV[2]), number(ARGV[3]), number(ARGV[4])
local who = ARGV[5]
local is_new = who == 'new'
local is_from_line = who == 'line' or who == 'wanted'
local is_wanted = who == 'wanted' or who == 'person'

local free = math.huge
for i, base in ipairs(KEYS) do
  sweep(base, grace)
  if is_from_line then
    redis.call('ZPOPMIN', base .. ':offers')
  end
  local left = room(base, number(ARGV[3 + 3 * i]), number(ARGV[4 + 3 * i]))
  if is_new then
    left = left - redis.call('ZCARD', base .. ':offers')
  end
  free = math.min(free, left)
end

local shut_until, why, needs_probe = gate(is_wanted)
if shut_until then
  return { 'shut', tostring(shut_until - now), why }
end
if is_new and number(redis.call('HGET', host, 'line_until')) > now then
  return { 'line' }
end
if free < 1 or (needs_probe and is_probed()) then
  -- Who is left will stand in no line.
  if is_new or is_from_line then
    redis.call('HSET', host, 'line_until', now + line_seconds)
    remember(line_seconds)
  end
  return { 'busy' }
end

for i, base in ipairs(KEYS) do
  redis.call('ZADD', base .. ':slots', now + lease, place)
  redis.call('EXPIRE', base .. ':slots', DAY)
  local starts, window = number(ARGV[4 + 3 * i]), number(ARGV[5 + 3 * i])
  if starts > 0 then
    redis.call('ZADD', base .. ':starts', now + window, place)
    redis.call('EXPIRE', base .. ':starts', math.ceil(window) + MARGIN)
  end
end
if needs_probe then
  redis.call('HSET', host, 'probe', place)
end
return { 'taken' }
