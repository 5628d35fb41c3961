DROP TABLE lead_counts;
DROP TABLE contact_counts;
