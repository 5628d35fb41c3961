// @generated automatically by Diesel CLI.

diesel::table! {
    /// What happened to deals.
    activities (organization_id, id) {
        /// NULL: not a user, but a service.
        author_user_id -> Nullable<Uuid>,
        create_time -> Timestamptz,
        deal_id -> Uuid,
        id -> Uuid,
        /// Place on the timeline of the deal, from 1.
        number -> Int8,
        organization_id -> Uuid,
        /// What happened: `type`, and what belongs to it.
        payload -> Jsonb,
    }
}

diesel::table! {
    /// Keys of services.
    api_keys (organization_id, id) {
        access -> Text,
        create_time -> Timestamptz,
        expire_time -> Nullable<Timestamptz>,
        id -> Uuid,
        /// To within about a minute.
        last_use_time -> Nullable<Timestamptz>,
        name -> Text,
        organization_id -> Uuid,
        revoke_time -> Nullable<Timestamptz>,
        /// SHA-256.
        secret_hash -> Bytea,
    }
}

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
    /// Who did what to which thing, and who was denied to.
    audit_events (organization_id, id) {
        api_key_id -> Nullable<Uuid>,
        create_time -> Timestamptz,
        /// How often it was denied within the hour.
        denied_count -> Int8,
        denied_reason -> Nullable<Text>,
        id -> Uuid,
        method -> Text,
        organization_id -> Uuid,
        resource_ids -> Array<Uuid>,
        user_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    /// Which process may run a background task that one is enough for.
    background_leases (name) {
        /// From when on another may take it.
        expire_time -> Timestamptz,
        /// A process, by an id that it has drawn when it began.
        holder -> Uuid,
        /// The name of the task.
        name -> Text,
    }
}

diesel::table! {
    /// Who could get a contact of a source, and who not, at the time of a draw.
    candidate_pools (organization_id, id) {
        /// `[{operator_id, weight, share}]`, by operator id. The share, out of the sum of all, is what was to be expected; absent before it was recorded: the weight.
        candidates -> Jsonb,
        create_time -> Timestamptz,
        /// `[{operator_id, weight, reason}]`, by operator id.
        excluded -> Jsonb,
        id -> Uuid,
        organization_id -> Uuid,
        source_id -> Uuid,
        /// How one of the candidates was chosen.
        strategy -> Text,
    }
}

diesel::table! {
    /// Contacts counted by source, operator and status: all, those of each day, of each hour.
    contact_cells (organization_id, span, source_id, start_time, operator_id) {
        closed_contacts -> Int8,
        /// Billionths of contacts that the operator was to be expected to have.
        expected_nanos -> Int8,
        in_progress_contacts -> Int8,
        new_contacts -> Int8,
        /// Who has them now; all zeros: the backlog.
        operator_id -> Uuid,
        organization_id -> Uuid,
        source_id -> Uuid,
        span -> Text,
        /// When the day or hour begins that they were created in, by UTC; all: -infinity.
        start_time -> Timestamptz,
    }
}

diesel::table! {
    /// Contacts that come and go and are not folded into the counts yet. Each array has an element for each kind of them.
    contact_count_changes (organization_id, id) {
        contacts -> Array<Int4>,
        /// In which they were created, by UTC.
        hours -> Array<Timestamptz>,
        id -> Uuid,
        /// Who has them; NULL: the backlog.
        operator_ids -> Array<Uuid>,
        organization_id -> Uuid,
        /// Pools of the draws that gave them to their operators, or NULL.
        pool_ids -> Array<Uuid>,
        source_ids -> Array<Uuid>,
        statuses -> Array<Text>,
    }
}

diesel::table! {
    /// Not used any more: `contact_cells`.
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
    /// Deals and their amounts, counted as they change.
    deal_counts (organization_id, owner_user_id, span, start_time, currency, status, stage, reached_stage) {
        amount -> Numeric,
        currency -> Text,
        deals -> Int8,
        organization_id -> Uuid,
        /// All zeros: everybody and nobody.
        owner_user_id -> Uuid,
        reached_stage -> Text,
        span -> Text,
        stage -> Text,
        /// When the day or hour begins, by UTC; all: -infinity.
        start_time -> Timestamptz,
        status -> Text,
    }
}

diesel::table! {
    /// Sales that are hoped for, or were made.
    deals (organization_id, id) {
        /// Cut to hundredths; counts if the exact one is another.
        amount -> Numeric,
        /// NULL: written by a version that knew hundredths only.
        amount_exact -> Nullable<Numeric>,
        /// Not used any more: `amount_thousandths`.
        amount_hundredths -> Int8,
        /// The exact amount, times 1000.
        amount_thousandths -> Int8,
        close_time -> Nullable<Timestamptz>,
        contact_id -> Nullable<Uuid>,
        create_time -> Timestamptz,
        /// ISO 4217.
        currency -> Text,
        id -> Uuid,
        lead_id -> Uuid,
        organization_id -> Uuid,
        owner_user_id -> Nullable<Uuid>,
        /// The furthest one it was in, but for CLOSED.
        reached_stage -> Text,
        /// Counts updates; the etag.
        revision -> Int4,
        stage -> Text,
        status -> Text,
        title -> Text,
        update_time -> Timestamptz,
    }
}

diesel::table! {
    /// What people join an organization with.
    invitations (organization_id, id) {
        create_time -> Timestamptz,
        /// Lower case.
        email -> Text,
        expire_time -> Timestamptz,
        id -> Uuid,
        /// The key that made it, if it was one.
        inviter_api_key_id -> Nullable<Uuid>,
        /// The user who made it, if it was one.
        inviter_user_id -> Nullable<Uuid>,
        organization_id -> Uuid,
        role -> Text,
        /// SHA-256.
        token_hash -> Bytea,
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
    /// Users in organizations.
    members (organization_id, user_id) {
        create_time -> Timestamptz,
        /// When the user made it their default organization: the last one is. NULL: never.
        default_time -> Nullable<Timestamptz>,
        organization_id -> Uuid,
        role -> Text,
        update_time -> Timestamptz,
        user_id -> Uuid,
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
        /// Counts changes of who may do what: roles and keys that were taken.
        access_revision -> Int8,
        /// When that was last changed.
        access_time -> Timestamptz,
        create_time -> Timestamptz,
        /// ISO 4217; those that deals may have, none: all.
        currencies -> Array<Text>,
        /// ISO 4217.
        default_currency -> Text,
        /// ISO 3166; NULL: that of the server.
        default_phone_region -> Nullable<Text>,
        /// When it was closed; its rows are removed some time later. NULL: it is open.
        delete_time -> Nullable<Timestamptz>,
        id -> Uuid,
        name -> Text,
        /// Counts updates; the etag.
        revision -> Int4,
        /// As Postgres knows it.
        time_zone -> Text,
        update_time -> Timestamptz,
    }
}

diesel::table! {
    /// The tokens of a session; all but the newest were used.
    refresh_tokens (token_hash) {
        create_time -> Timestamptz,
        session_id -> Uuid,
        /// The next token, which only this one opens; NULL: it is not given again.
        successor -> Nullable<Bytea>,
        /// SHA-256.
        token_hash -> Bytea,
        use_time -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Answers given to requests that carried a `request_id`.
    requests (organization_id, method, request_id) {
        /// Digest of method, caller and the caller's id; NULL: whoever comes with that id.
        claim_id -> Nullable<Uuid>,
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
    /// What began with a login: a family of refresh tokens. Deleted when it ends.
    sessions (id) {
        create_time -> Timestamptz,
        /// When its newest refresh token ends.
        expire_time -> Timestamptz,
        id -> Uuid,
        user_id -> Uuid,
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

diesel::table! {
    /// What is to be done about deals.
    tasks (organization_id, id) {
        assignee_user_id -> Nullable<Uuid>,
        create_time -> Timestamptz,
        deal_id -> Uuid,
        description -> Text,
        /// NULL: to be done.
        done_time -> Nullable<Timestamptz>,
        due_date -> Nullable<Date>,
        /// The due date, or a day after all others.
        due_order -> Date,
        id -> Uuid,
        organization_id -> Uuid,
        /// Counts changes; the etag.
        revision -> Int4,
        title -> Text,
        update_time -> Timestamptz,
    }
}

diesel::table! {
    /// What users prove their address with, or set a new password. Deleted when it is used.
    user_tokens (token_hash) {
        create_time -> Timestamptz,
        expire_time -> Timestamptz,
        /// Whether it was mailed: who has it has the address.
        mailed -> Bool,
        purpose -> Text,
        /// SHA-256.
        token_hash -> Bytea,
        user_id -> Uuid,
    }
}

diesel::table! {
    /// Those who can log in.
    users (id) {
        create_time -> Timestamptz,
        /// Lower case.
        email -> Text,
        /// When the address was found to be the user's; NULL: not yet.
        email_verify_time -> Nullable<Timestamptz>,
        id -> Uuid,
        name -> Text,
        /// Argon2id, as a PHC string.
        password_hash -> Text,
        /// Access tokens that were made before are refused: the password has changed. NULL: none is.
        tokens_valid_from -> Nullable<Timestamptz>,
        update_time -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    activities,
    api_keys,
    assignments,
    audit_events,
    background_leases,
    candidate_pools,
    contact_cells,
    contact_count_changes,
    contact_counts,
    contacts,
    deal_counts,
    deals,
    invitations,
    lead_counts,
    leads,
    members,
    operator_weights,
    operators,
    organizations,
    refresh_tokens,
    requests,
    sessions,
    sources,
    tasks,
    user_tokens,
    users,
);
