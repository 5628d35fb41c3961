-- Parameters: $1 organization_id uuid, $2 span text[], $3 source_id uuid[],
--   $4 start_time timestamptz[], $5 operator_id uuid[], $6 new_contacts int8[],
--   $7 in_progress_contacts int8[], $8 closed_contacts int8[], $9 expected_nanos int8[]
INSERT INTO contact_cells AS c (organization_id, span, source_id, start_time,
    operator_id, new_contacts, in_progress_contacts, closed_contacts, expected_nanos)
SELECT $1, a.span, a.source_id, coalesce(a.start_time, '-infinity'), a.operator_id,
       a.new_contacts, a.in_progress_contacts, a.closed_contacts, a.expected_nanos
FROM unnest($2, $3, $4, $5, $6, $7, $8, $9)
    AS a (span, source_id, start_time, operator_id, new_contacts, in_progress_contacts,
          closed_contacts, expected_nanos)
ON CONFLICT (organization_id, span, source_id, start_time, operator_id) DO UPDATE
SET new_contacts = c.new_contacts + excluded.new_contacts,
    in_progress_contacts = c.in_progress_contacts + excluded.in_progress_contacts,
    closed_contacts = c.closed_contacts + excluded.closed_contacts,
    expected_nanos = c.expected_nanos + excluded.expected_nanos
