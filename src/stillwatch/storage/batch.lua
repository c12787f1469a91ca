-- One batch of one node, atomically: for every bucket what was spent, what the node still holds, and what it asks for.
--
-- KEYS: nodes (sorted set: node -> deadline), last (hash: node -> number of its last batch), then a bucket per entry.
-- ARGV: node, number of this batch, microseconds a node lives without a batch, twice the number of nodes,
--       limits (40 bytes each), entries (35 bytes each).
-- Returns false for a node that is dead or unknown; else 32 bytes per entry: granted, wait, ahead, left.
--
-- A bucket is the theoretical arrival time of what was spent (8 bytes), then what each node holds (4 + 7 bytes).
-- All numbers are whole microseconds and units below 2^53, which a double holds exactly.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local me, number, life, divisor = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local limits, entries = ARGV[5], ARGV[6]
local KEEP = 60000000 -- a bucket outlives its last batch by this; nodes renew what they hold four times as often
local FORGET = 691200000000 -- eight days: no lease takes longer to drain (2 % of the longest window, a year)

local deadlines = {}
local function deadline_of(node)
  local known = deadlines[node]
  if known == nil then
    known = tonumber(redis.call('ZSCORE', KEYS[1], node) or 0)
    deadlines[node] = known
  end
  return known
end

if deadline_of(me) <= now then return false end
deadlines[me] = now + life
redis.call('ZADD', KEYS[1], now + life, me)
local is_again = redis.call('HGET', KEYS[2], me) == number
redis.call('HSET', KEYS[2], me, number)
if tonumber(number) % 1024 == 0 then
  for _, node in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], 0, now - FORGET)) do redis.call('HDEL', KEYS[2], node) end
  redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, now - FORGET)
end

-- Read one bucket and count in what this entry reports; nothing is written yet.
local function read(at)
  local e = { key = KEYS[at + 2] }
  local flags, limit, spent, hold
  flags, limit, spent, hold, e.need, e.ask = struct.unpack('>BI2i8I8I8I8', entries, (at - 1) * 35 + 1)
  e.is_first = flags % 2 == 1
  e.quantity, e.window, e.tolerance, e.burst, e.slice = struct.unpack('>I8I8I8I8I8', limits, limit * 40 + 1)
  local tat, held, others = 0, 0, {}
  local stored = redis.call('GET', e.key)
  if stored then
    tat = struct.unpack('>I8', stored)
    for place = 9, #stored, 11 do
      local node, units = struct.unpack('>I4I7', stored, place)
      if node == me then
        held = units
      elseif deadline_of(node) > now then
        others[#others + 1] = { node, units }
      elseif e.window > 0 then -- of a dead node: all it held counts as used when it died
        tat = math.max(tat, deadline_of(node)) + math.ceil(units * e.window / e.quantity)
      end
    end
  end
  if flags >= 4 then -- 4: the store lost its data, and a node says until when the bucket was used up
    tat, e.ask = math.max(tat, now + e.ask), 0
    flags = flags - 4
  end
  if e.window > 0 and spent ~= 0 and not is_again then
    if spent > 0 then tat = math.max(tat, now) end
    tat = math.max(tat + math.ceil(spent * e.window / e.quantity), 0)
  end
  if flags < 2 then held = hold end -- 2: a second request for this bucket in one batch, which reported already
  e.tat, e.held, e.others, e.taken = tat, held, others, held
  for _, other in ipairs(others) do e.taken = e.taken + other[2] end
  e.ahead = math.max(tat - now, 0)
  e.room = e.quantity - e.taken
  if e.window > 0 then
    e.room = math.min(e.burst, math.floor((e.tolerance - e.ahead) * e.quantity / e.window)) - e.taken
  end
  return e
end

-- A cost above the burst passes when nothing else is owed.
local function is_met(e) return e.need == 0 or e.room >= math.min(e.need, e.burst) end

local function grant(e)
  local spare = math.min(e.ask, math.floor(e.room / divisor))
  if e.window > 0 then spare = math.min(spare, e.slice - e.held) end
  return math.max(e.need, spare, 0)
end

local function wait(e)
  local over = math.min(e.need, e.burst) - e.room
  if over <= 0 or e.window == 0 then return 0 end
  return math.ceil(over * e.window / e.quantity)
end

local function write(e, granted)
  local held, units = e.held + granted, e.taken + granted
  if e.tat <= now and units == 0 then
    redis.call('DEL', e.key)
    return
  end
  local parts = { struct.pack('>I8', e.tat) }
  if held > 0 then parts[2] = struct.pack('>I4I7', me, held) end
  for _, other in ipairs(e.others) do parts[#parts + 1] = struct.pack('>I4I7', other[1], other[2]) end
  local drains = math.max(e.tat - now, 0) + units * e.window / e.quantity
  redis.call('SET', e.key, table.concat(parts), 'PX', string.format('%.0f', (drains + KEEP) / 1000))
end

local answers, at, count = {}, 1, #KEYS - 2
while at <= count do
  local group, met = {}, true
  repeat -- all levels of one request: all are granted or none
    local e = read(at)
    group[#group + 1] = e
    met = met and is_met(e)
    at = at + 1
  until at > count or struct.unpack('B', entries, (at - 1) * 35 + 1) % 2 == 1
  for _, e in ipairs(group) do
    local granted = met and grant(e) or 0
    write(e, granted)
    answers[#answers + 1] = struct.pack('>I8I8I8I8', granted, met and 0 or wait(e), e.ahead, math.max(e.room - granted, 0))
  end
end
return table.concat(answers)
