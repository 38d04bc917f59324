-- What the scripts of the host limits share. Each is put together as: the clock, this, its own body.
--
-- A scope is a host, or one batch's share of a host, under limits of its own. Its keys begin with its base:
--   :slots    members are places taken, scores the ends of their leases
--   :overdue  places whose lease is over, until when they still count
--   :starts   starts of the latest window, scores the moments at which they leave it
--   :offers   wake-ups on their way to scans that waited in line, until when they are believed in
-- The host's base itself is a hash: line_until, turn, paused_until, failures, open_until, probe.

local DAY = 86400
-- Failures with longer between them are no row: a host that is asked so seldom needs no breaker.
local ROW = 3600
local MARGIN = 60
local host = KEYS[1]

local function number(text)
  return tonumber(text or '0') or 0
end

-- Hosts are as many as targets like to redirect to: what is known of one is kept while it matters, and not longer.
local function remember(seconds)
  seconds = math.ceil(seconds) + MARGIN
  if redis.call('TTL', host) < seconds then
    redis.call('EXPIRE', host, seconds)
  end
end

-- Redis may have been away, and its places could not be renewed: who is late is given one renewal more.
local function sweep(base, grace)
  redis.call('ZREMRANGEBYSCORE', base .. ':overdue', '-inf', now)
  for _, place in ipairs(redis.call('ZRANGEBYSCORE', base .. ':slots', '-inf', now)) do
    redis.call('ZREM', base .. ':slots', place)
    redis.call('ZADD', base .. ':overdue', now + grace, place)
    redis.call('EXPIRE', base .. ':overdue', DAY)
  end
  redis.call('ZREMRANGEBYSCORE', base .. ':starts', '-inf', now)
  redis.call('ZREMRANGEBYSCORE', base .. ':offers', '-inf', now)
end

local function is_held(base, place)
  return redis.call('ZSCORE', base .. ':slots', place) or redis.call('ZSCORE', base .. ':overdue', place)
end

-- How many more may start now; 0 stands for no limit.
local function room(base, concurrency, starts)
  local left = math.huge
  if concurrency > 0 then
    left = concurrency - redis.call('ZCARD', base .. ':slots') - redis.call('ZCARD', base .. ':overdue')
  end
  if starts > 0 then
    left = math.min(left, starts - redis.call('ZCARD', base .. ':starts'))
  end
  return left
end

-- Until when the host must not be asked at all, or nil; why ("asked", "breaker"); and whether it may be asked by one
-- probe only. A person who wants it now does not wait for the breaker, but their attempt is the probe.
local function gate(is_wanted)
  local paused, opened = unpack(redis.call('HMGET', host, 'paused_until', 'open_until'))
  local shut_until, why = number(paused), 'asked'
  if not is_wanted and number(opened) > shut_until then
    shut_until, why = number(opened), 'breaker'
  end
  return shut_until > now and shut_until or nil, why, opened and true or false
end

local function is_probed()
  local probe = redis.call('HGET', host, 'probe')
  return probe and is_held(host, probe) and true or false
end
