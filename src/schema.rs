// @generated automatically by Diesel CLI.

diesel::table! {
    /// The decisions about who handles a contact.
    assignments (organization_id, contact_id, id) {
        backlog_reason -> Nullable<Text>,
        contact_id -> Uuid,
        create_time -> Timestamptz,
        /// Number drawn, below the sum of the candidates' weights in the pool.
        draw -> Nullable<Int8>,
        forced -> Bool,
        id -> Uuid,
        kind -> Text,
        operator_id -> Nullable<Uuid>,
        organization_id -> Uuid,
        pool_id -> Nullable<Uuid>,
        previous_operator_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    /// Who could get a contact of a source, and who not, at the time of a draw.
    candidate_pools (organization_id, id) {
        /// `[{operator_id, weight}]`, by operator id.
        candidates -> Jsonb,
        create_time -> Timestamptz,
        /// `[{operator_id, weight, reason}]`, by operator id.
        excluded -> Jsonb,
        id -> Uuid,
        organization_id -> Uuid,
        source_id -> Uuid,
    }
}

diesel::table! {
    /// Contacts by source, hour, operator and status.
    contact_counts (organization_id, source_id, hour, operator_id) {
        closed_contacts -> Int8,
        /// Billionths of contacts that the operator was to be expected to have.
        expected_nanos -> Int8,
        /// In which they were created, in UTC; `-infinity`: the sum of all hours.
        hour -> Timestamptz,
        in_progress_contacts -> Int8,
        new_contacts -> Int8,
        /// Who has them now; all zeros: the backlog.
        operator_id -> Uuid,
        organization_id -> Uuid,
        source_id -> Uuid,
    }
}

diesel::table! {
    /// Enquiries of leads through sources.
    contacts (organization_id, id) {
        assign_time -> Nullable<Timestamptz>,
        backlog_reason -> Nullable<Text>,
        close_time -> Nullable<Timestamptz>,
        create_time -> Timestamptz,
        id -> Uuid,
        lead_id -> Uuid,
        message -> Text,
        /// NULL in the backlog.
        operator_id -> Nullable<Uuid>,
        organization_id -> Uuid,
        /// Pool of the draw that gave it to its operator; NULL in the backlog and after a manual decision.
        pool_id -> Nullable<Uuid>,
        /// Counts changes; the etag.
        revision -> Int4,
        source_id -> Uuid,
        status -> Text,
        update_time -> Timestamptz,
    }
}

diesel::table! {
    /// Numbers of leads; their sum counts, a slot may be negative.
    lead_counts (organization_id, slot) {
        leads -> Int8,
        organization_id -> Uuid,
        slot -> Int2,
    }
}

diesel::table! {
    /// The people and companies who ask.
    leads (organization_id, id) {
        create_time -> Timestamptz,
        /// Lower case.
        email -> Nullable<Text>,
        external_id -> Nullable<Text>,
        id -> Uuid,
        name -> Text,
        organization_id -> Uuid,
        owner_user_id -> Nullable<Uuid>,
        /// E.164.
        phone -> Nullable<Text>,
        /// Counts updates; the etag.
        revision -> Int4,
        update_time -> Timestamptz,
    }
}

diesel::table! {
    /// The operators' shares of a source's contacts.
    operator_weights (organization_id, source_id, operator_id) {
        create_time -> Timestamptz,
        operator_id -> Uuid,
        organization_id -> Uuid,
        source_id -> Uuid,
        update_time -> Timestamptz,
        /// 0 pauses the operator on the source.
        weight -> Int4,
    }
}

diesel::table! {
    /// The people who handle contacts.
    operators (organization_id, id) {
        active -> Bool,
        create_time -> Timestamptz,
        delete_time -> Nullable<Timestamptz>,
        id -> Uuid,
        /// Active contacts of the operator; changes only together with them.
        load -> Int4,
        load_limit -> Nullable<Int4>,
        name -> Text,
        organization_id -> Uuid,
        /// Counts updates, not changes of load; the etag.
        revision -> Int4,
        update_time -> Timestamptz,
        user_id -> Nullable<Uuid>,
        window_limit -> Nullable<Int4>,
        window_seconds -> Int4,
    }
}

diesel::table! {
    /// Tenants.
    organizations (id) {
        create_time -> Timestamptz,
        id -> Uuid,
        name -> Text,
    }
}

diesel::table! {
    /// Answers given to requests that carried a `request_id`.
    requests (organization_id, method, request_id) {
        create_time -> Timestamptz,
        /// SHA-256 of the encoded request.
        fingerprint -> Bytea,
        method -> Text,
        organization_id -> Uuid,
        request_id -> Uuid,
        /// Encoded answer, written in the transaction it tells of.
        response -> Nullable<Bytea>,
    }
}

diesel::table! {
    /// The channels contacts come through.
    sources (organization_id, id) {
        active -> Bool,
        /// Unique among the sources that are not deleted.
        code -> Text,
        create_time -> Timestamptz,
        delete_time -> Nullable<Timestamptz>,
        description -> Text,
        id -> Uuid,
        name -> Text,
        organization_id -> Uuid,
        /// Counts updates; the etag.
        revision -> Int4,
        strategy -> Text,
        update_time -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    assignments,
    candidate_pools,
    contact_counts,
    contacts,
    lead_counts,
    leads,
    operator_weights,
    operators,
    organizations,
    requests,
    sources,
);
