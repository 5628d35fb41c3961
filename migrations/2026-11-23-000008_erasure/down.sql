DROP FUNCTION erase_timelines;
