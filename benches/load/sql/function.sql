-- The same as `lean.sql`, as one call.
\set operator random(1, 10)
SELECT bench.take_in(:operator);
