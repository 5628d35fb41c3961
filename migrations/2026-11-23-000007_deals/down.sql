DROP TABLE activities;
DROP TABLE tasks;
DROP TABLE deal_counts;
DROP TABLE deals;
ALTER TABLE organizations DROP COLUMN currencies, DROP COLUMN time_zone;
