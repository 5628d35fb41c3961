DROP INDEX leads_external_id_key, leads_phone_key, leads_email_key;
ALTER TABLE leads
    ADD CONSTRAINT leads_external_id_key UNIQUE (organization_id, external_id),
    ADD CONSTRAINT leads_phone_key UNIQUE (organization_id, phone),
    ADD CONSTRAINT leads_email_key UNIQUE (organization_id, email),
    ADD CONSTRAINT leads_organization_id_fkey
        FOREIGN KEY (organization_id) REFERENCES organizations (id);
ALTER TABLE requests
    ADD CONSTRAINT requests_organization_id_fkey
        FOREIGN KEY (organization_id) REFERENCES organizations (id);
ALTER TABLE contacts
    ADD CONSTRAINT contacts_source_fkey
        FOREIGN KEY (organization_id, source_id) REFERENCES sources (organization_id, id),
    ADD CONSTRAINT contacts_operator_fkey
        FOREIGN KEY (organization_id, operator_id) REFERENCES operators (organization_id, id);
