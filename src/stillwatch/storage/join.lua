-- A node joins and gets a number that no other has, unless as many are alive as the limits were cut for.
--
-- KEYS: nodes, last, count of nodes that ever joined, epoch.
-- ARGV: microseconds a node lives, most nodes, a new epoch, the number this node had before (0: none).
-- Returns its number, the epoch, which is lost when the data is, and its last batch under the number before; false where
-- there is no room.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if redis.call('ZCOUNT', KEYS[1], '(' .. string.format('%.0f', now), '+inf') >= tonumber(ARGV[2]) then return false end
local node = redis.call('INCR', KEYS[3])
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[1]), node)
redis.call('SET', KEYS[4], ARGV[3], 'NX')
return { node, redis.call('GET', KEYS[4]), tonumber(redis.call('HGET', KEYS[2], ARGV[4]) or 0) }
