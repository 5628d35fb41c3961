-- One of the numbered contacts.
\set contact random(1, :contacts)
\set source (:contact - 1) % :sources + 1
\set organization ((:source - 1) / :sources_per_organization) + 1
SELECT * FROM contacts WHERE organization_id = bench.id(:organization) AND id = bench.id(:contact);
