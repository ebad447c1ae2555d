SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.allowance (
    guild_id bigint NOT NULL,
    target text NOT NULL,
    target_id bigint NOT NULL,
    daily_credits integer,
    monthly_credits integer,
    CONSTRAINT ck_allowance_daily_not_negative CHECK ((daily_credits >= 0)),
    CONSTRAINT ck_allowance_monthly_not_negative CHECK ((monthly_credits >= 0)),
    CONSTRAINT ck_allowance_target_known CHECK ((target = ANY (ARRAY['role'::text, 'user'::text])))
);
CREATE TABLE public.audit_event (
    id bigint NOT NULL,
    guild_id bigint NOT NULL,
    actor_id bigint,
    action text NOT NULL,
    target_id bigint,
    detail json NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE SEQUENCE public.audit_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.audit_event_id_seq OWNED BY public.audit_event.id;
CREATE TABLE public.block (
    guild_id bigint NOT NULL,
    user_id bigint NOT NULL,
    until timestamp with time zone,
    reason text NOT NULL,
    actor_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.draft (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    body json NOT NULL,
    kept_at timestamp with time zone NOT NULL,
    taken_by bigint
);
CREATE TABLE public.filter_rule (
    id bigint NOT NULL,
    guild_id bigint NOT NULL,
    kind text NOT NULL,
    pattern text NOT NULL,
    CONSTRAINT ck_filter_rule_kind_known CHECK ((kind = ANY (ARRAY['word'::text, 'phrase'::text, 'regex'::text])))
);
CREATE SEQUENCE public.filter_rule_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.filter_rule_id_seq OWNED BY public.filter_rule.id;
CREATE TABLE public.guild_policy (
    guild_id bigint NOT NULL,
    body json NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.job (
    id bigint NOT NULL,
    guild_id bigint NOT NULL,
    channel_id bigint NOT NULL,
    user_id bigint NOT NULL,
    model text NOT NULL,
    parameters json NOT NULL,
    price_credits integer NOT NULL,
    interaction_token text,
    token_expires_at timestamp with time zone NOT NULL,
    upload_limit_bytes bigint NOT NULL,
    parent_id bigint,
    state text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    submitting_at timestamp with time zone,
    running_at timestamp with time zone,
    finished_at timestamp with time zone,
    delivering_at timestamp with time zone,
    ended_at timestamp with time zone,
    request_id text,
    status_url text,
    response_url text,
    output_url text,
    cost_usd double precision,
    card_message_id bigint,
    result_channel_id bigint,
    result_message_id bigint,
    failure text,
    error_detail text,
    queued_at timestamp with time zone,
    approval_reasons json,
    decided_by bigint,
    decided_at timestamp with time zone,
    decision_reason text,
    log_channel_id bigint,
    log_message_id bigint,
    removed_by bigint,
    removed_at timestamp with time zone,
    removal_reason text,
    forgotten_at timestamp with time zone,
    refunded_at timestamp with time zone,
    restored_at timestamp with time zone,
    result_direct boolean DEFAULT false NOT NULL,
    locale text DEFAULT 'en-US'::text NOT NULL,
    dropped_at timestamp with time zone,
    told_at timestamp with time zone,
    bot_absent boolean DEFAULT false NOT NULL,
    CONSTRAINT ck_job_price_positive CHECK ((price_credits > 0))
);
CREATE TABLE public.known_guild (
    guild_id bigint NOT NULL,
    application_id bigint NOT NULL
);
CREATE TABLE public.last_options (
    user_id bigint NOT NULL,
    command text NOT NULL,
    options json NOT NULL
);
CREATE TABLE public.latency_sample (
    id bigint NOT NULL,
    model text NOT NULL,
    size_key text NOT NULL,
    latency_s double precision NOT NULL,
    created_at timestamp with time zone NOT NULL,
    queue_s double precision,
    failed boolean DEFAULT false NOT NULL,
    CONSTRAINT ck_latency_sample_latency_positive CHECK ((latency_s > (0)::double precision))
);
CREATE SEQUENCE public.latency_sample_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.latency_sample_id_seq OWNED BY public.latency_sample.id;
CREATE TABLE public.ledger_entry (
    id bigint NOT NULL,
    job_id bigint,
    guild_id bigint NOT NULL,
    user_id bigint NOT NULL,
    kind text NOT NULL,
    credits integer NOT NULL,
    actor_id bigint,
    reason text,
    expires_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    counted_at timestamp with time zone NOT NULL,
    grant_id bigint NOT NULL,
    CONSTRAINT ck_ledger_entry_credits_positive CHECK ((credits > 0)),
    CONSTRAINT ck_ledger_entry_kind_known CHECK ((kind = ANY (ARRAY['reserve'::text, 'settle'::text, 'release'::text, 'grant'::text, 'adjust'::text])))
);
CREATE SEQUENCE public.ledger_entry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.ledger_entry_id_seq OWNED BY public.ledger_entry.id;
CREATE TABLE public.member_preference (
    user_id bigint NOT NULL,
    tell_by_dm boolean DEFAULT false NOT NULL,
    changed_at timestamp with time zone NOT NULL
);
CREATE TABLE public.preset (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    model text NOT NULL,
    options json NOT NULL,
    saved_at timestamp with time zone NOT NULL
);
CREATE SEQUENCE public.preset_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.preset_id_seq OWNED BY public.preset.id;
CREATE TABLE public.relocation (
    id bigint NOT NULL,
    phase text NOT NULL,
    move_id text NOT NULL,
    peer text NOT NULL,
    progress json NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_relocation_only_one CHECK ((id = 1)),
    CONSTRAINT ck_relocation_phase_known CHECK ((phase = ANY (ARRAY['leaving'::text, 'left'::text, 'arriving'::text, 'arrived'::text])))
);
CREATE TABLE public.request_page (
    id bigint NOT NULL,
    paused_until timestamp with time zone,
    next_poll_at timestamp with time zone,
    taken json NOT NULL,
    wishes json NOT NULL,
    CONSTRAINT ck_request_page_only_one CHECK ((id = 1))
);
CREATE TABLE public.thumbnail (
    job_id bigint NOT NULL,
    image bytea NOT NULL,
    created_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.audit_event ALTER COLUMN id SET DEFAULT nextval('public.audit_event_id_seq'::regclass);
ALTER TABLE ONLY public.filter_rule ALTER COLUMN id SET DEFAULT nextval('public.filter_rule_id_seq'::regclass);
ALTER TABLE ONLY public.latency_sample ALTER COLUMN id SET DEFAULT nextval('public.latency_sample_id_seq'::regclass);
ALTER TABLE ONLY public.ledger_entry ALTER COLUMN id SET DEFAULT nextval('public.ledger_entry_id_seq'::regclass);
ALTER TABLE ONLY public.preset ALTER COLUMN id SET DEFAULT nextval('public.preset_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0015');
INSERT INTO public.allowance VALUES (1100000000000000001, 'role', 1150000000000000001, NULL, 7);
INSERT INTO public.allowance VALUES (1100000000000000001, 'user', 1200000000000000001, NULL, 7);
INSERT INTO public.audit_event VALUES (1, 1100000000000000001, 1250000000000000001, 'policy.set', NULL, '{"time_zone": "not set \u2192 Europe/Berlin", "daily_credits": "not set \u2192 500", "monthly_credits": "not set \u2192 5000", "confirm_above_credits": "not set \u2192 50", "allowed_channel_ids": "[] \u2192 [1300000000000000001]", "models_by_role": "{} \u2192 {\"1150000000000000001\": [\"wan-2.6-i2v\"]}", "approval.above_credits": "not set \u2192 100", "log_channel_id": "not set \u2192 1300000000000000001", "log_videos_since": "not set \u2192 2026-08-03T12:00:00.123456Z", "retention_days": "not set \u2192 30"}', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.audit_event VALUES (2, 1100000000000000001, 1250000000000000001, 'allowance.set', 1150000000000000001, '{"target": "role", "daily_credits": null, "monthly_credits": 7}', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.audit_event VALUES (3, 1100000000000000001, 1250000000000000001, 'allowance.set', 1200000000000000001, '{"target": "user", "daily_credits": null, "monthly_credits": 7}', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.audit_event VALUES (4, 1100000000000000001, 1250000000000000001, 'block', 1200000000000000002, '{"until": null, "reason": "spam"}', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.audit_event VALUES (5, 1100000000000000001, 1250000000000000001, 'block', 1200000000000000004, '{"until": "2027-09-07T12:00:00.123456+00:00", "reason": "spam"}', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.audit_event VALUES (6, 1100000000000000001, 1250000000000000001, 'filter.add', 1, '{"kind": "word", "pattern": "naughty"}', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.audit_event VALUES (7, 1100000000000000001, 1250000000000000001, 'filter.add', 2, '{"kind": "regex", "pattern": "wol(f|ves)"}', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.audit_event VALUES (8, 1100000000000000001, 1250000000000000001, 'filter.remove', 2, '{"kind": "regex", "pattern": "wol(f|ves)"}', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.audit_event VALUES (9, 1100000000000000001, 1250000000000000001, 'filter.add', 3, '{"kind": "phrase", "pattern": "very naughty"}', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.audit_event VALUES (10, 1100000000000000001, 2, 'grant', 1200000000000000001, '{"credits": 100, "expires_at": null, "reason": "a prize"}', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.audit_event VALUES (11, 1100000000000000001, 2, 'grant', 1200000000000000001, '{"credits": 100, "expires_at": "2027-09-07T12:00:00.123456+00:00", "reason": "a prize"}', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.audit_event VALUES (12, 1100000000000000001, 1250000000000000001, 'job.approve', 1400000000000000021, '{"user_id": 1200000000000000001, "credits": 30, "reason": null}', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.audit_event VALUES (13, 1100000000000000001, 1250000000000000001, 'job.deny', 1400000000000000022, '{"user_id": 1200000000000000001, "credits": 30, "reason": "not here"}', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.audit_event VALUES (14, 1100000000000000001, 1250000000000000001, 'job.take_down', 1400000000000000025, '{"user_id": 1200000000000000001, "credits": 30, "reason": "spam"}', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.audit_event VALUES (15, 1100000000000000001, 1250000000000000001, 'job.refund', 1400000000000000025, '{"user_id": 1200000000000000001, "credits": 30, "reason": "spam"}', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.audit_event VALUES (16, 1100000000000000001, 1250000000000000001, 'job.take_down', 1400000000000000026, '{"user_id": 1200000000000000001, "credits": 30, "reason": "spam"}', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.block VALUES (1100000000000000001, 1200000000000000002, NULL, 'spam', 1250000000000000001, '2026-08-03 12:00:00.123456+00');
INSERT INTO public.block VALUES (1100000000000000001, 1200000000000000004, '2027-09-07 12:00:00.123456+00', 'spam', 1250000000000000001, '2026-08-03 12:00:00.123456+00');
INSERT INTO public.draft VALUES (7, 1200000000000000001, '{"kind": "i2v", "model": null, "options": {}, "images": [{"name": "", "url": "https://cdn.example/a.png"}], "audio": null, "offered": {}, "message": null, "parent_id": null, "confirmed_credits": 0}', '2026-08-03 12:00:00.123456+00', NULL);
INSERT INTO public.filter_rule VALUES (1, 1100000000000000001, 'word', 'naughty');
INSERT INTO public.filter_rule VALUES (3, 1100000000000000001, 'phrase', 'very naughty');
INSERT INTO public.guild_policy VALUES (1100000000000000001, '{"time_zone": "Europe/Berlin", "daily_credits": 500, "monthly_credits": 5000, "jobs_in_flight_member": null, "jobs_in_flight_guild": null, "monthly_budget_credits": null, "max_price_credits": null, "confirm_above_credits": 50, "allowed_channel_ids": [1300000000000000001], "models_by_role": {"1150000000000000001": ["wan-2.6-i2v"]}, "models_by_channel": {}, "age_restricted_only": false, "filter_lists": [], "approval": {"everybody": false, "newer_than_days": null, "without_role_id": null, "above_credits": 100, "expires_h": 24}, "log_channel_id": 1300000000000000001, "log_videos_since": "2026-08-03T12:00:00.123456Z", "paused_reason": null, "retention_days": 30}', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.job VALUES (1400000000000000000, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'queued', '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1600000000000000000, NULL, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000001, 0, 1300000000000000001, 1200000000000000002, 'wan-2.6-i2v', '{"prompt": "\u00dcn\u00ef \ud83e\udd8a"}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'queued', '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1600000000000000001, NULL, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000008, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'finished', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:08:00.123456+00', '2026-08-03 12:08:00.123456+00', '2026-08-03 12:08:00.123456+00', NULL, NULL, 'request-8', 'https://api.segmind.com/v2/requests/request-8/status', 'https://api.segmind.com/v2/requests/request-8', 'https://media.example/8.mp4', 0.3125, 1600000000000000008, NULL, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000002, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'submitting', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:02:00.123456+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1600000000000000002, NULL, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000003, 0, 1300000000000000001, 1200000000000000002, 'wan-2.6-i2v', '{"prompt": "\u00dcn\u00ef \ud83e\udd8a"}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'submitting', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:03:00.123456+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1600000000000000003, NULL, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000004, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'uncertain', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:04:00.123456+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1600000000000000004, NULL, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000005, 0, 1300000000000000001, 1200000000000000002, 'wan-2.6-i2v', '{"prompt": "\u00dcn\u00ef \ud83e\udd8a"}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'uncertain', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:05:00.123456+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1600000000000000005, NULL, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000006, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'running', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:06:00.123456+00', '2026-08-03 12:06:00.123456+00', NULL, NULL, NULL, 'request-6', 'https://api.segmind.com/v2/requests/request-6/status', 'https://api.segmind.com/v2/requests/request-6', NULL, NULL, 1600000000000000006, NULL, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000009, 0, 1300000000000000001, 1200000000000000002, 'wan-2.6-i2v', '{"prompt": "\u00dcn\u00ef \ud83e\udd8a"}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'finished', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:09:00.123456+00', '2026-08-03 12:09:00.123456+00', '2026-08-03 12:09:00.123456+00', NULL, NULL, 'request-9', 'https://api.segmind.com/v2/requests/request-9/status', 'https://api.segmind.com/v2/requests/request-9', 'https://media.example/9.mp4', 0.3125, 1600000000000000009, NULL, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000007, 0, 1300000000000000001, 1200000000000000002, 'wan-2.6-i2v', '{"prompt": "\u00dcn\u00ef \ud83e\udd8a"}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'running', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:07:00.123456+00', '2026-08-03 12:07:00.123456+00', NULL, NULL, NULL, 'request-7', 'https://api.segmind.com/v2/requests/request-7/status', 'https://api.segmind.com/v2/requests/request-7', NULL, NULL, 1600000000000000007, NULL, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000014, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'dropped', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:14:00.123456+00', '2026-08-03 12:14:00.123456+00', '2026-08-03 12:14:00.123456+00', NULL, '2026-08-03 12:14:00.123456+00', 'request-14', 'https://api.segmind.com/v2/requests/request-14/status', 'https://api.segmind.com/v2/requests/request-14', 'https://media.example/14.mp4', 0.3125, 1600000000000000014, NULL, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', '2026-08-03 12:00:00.123456+00', NULL, false);
INSERT INTO public.job VALUES (1400000000000000010, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'failed', '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, '2026-08-03 12:10:00.123456+00', NULL, NULL, NULL, NULL, NULL, 1600000000000000010, NULL, NULL, 'inference', 'CUDA out of memory', '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000011, 0, 1300000000000000001, 1200000000000000002, 'wan-2.6-i2v', '{"prompt": "\u00dcn\u00ef \ud83e\udd8a"}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'failed', '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, '2026-08-03 12:11:00.123456+00', NULL, NULL, NULL, NULL, NULL, 1600000000000000011, NULL, NULL, 'inference', 'CUDA out of memory', '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000012, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'cancelled', '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, '2026-08-03 12:12:00.123456+00', NULL, NULL, NULL, NULL, NULL, 1600000000000000012, NULL, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000013, 0, 1300000000000000001, 1200000000000000002, 'wan-2.6-i2v', '{"prompt": "\u00dcn\u00ef \ud83e\udd8a"}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'cancelled', '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, '2026-08-03 12:13:00.123456+00', NULL, NULL, NULL, NULL, NULL, 1600000000000000013, NULL, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000015, 0, 1300000000000000001, 1200000000000000002, 'wan-2.6-i2v', '{"prompt": "\u00dcn\u00ef \ud83e\udd8a"}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'dropped', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:15:00.123456+00', '2026-08-03 12:15:00.123456+00', '2026-08-03 12:15:00.123456+00', NULL, '2026-08-03 12:15:00.123456+00', 'request-15', 'https://api.segmind.com/v2/requests/request-15/status', 'https://api.segmind.com/v2/requests/request-15', 'https://media.example/15.mp4', 0.3125, 1600000000000000015, NULL, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', '2026-08-03 12:00:00.123456+00', NULL, false);
INSERT INTO public.job VALUES (1400000000000000017, 0, 1300000000000000001, 1200000000000000002, 'wan-2.6-i2v', '{"prompt": "\u00dcn\u00ef \ud83e\udd8a"}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'delivered', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:17:00.123456+00', '2026-08-03 12:17:00.123456+00', '2026-08-03 12:17:00.123456+00', NULL, '2026-08-03 12:17:00.123456+00', 'request-17', 'https://api.segmind.com/v2/requests/request-17/status', 'https://api.segmind.com/v2/requests/request-17', 'https://media.example/17.mp4', 0.3125, 1600000000000000017, 1300000000000000001, 1700000017, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000016, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'delivered', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:16:00.123456+00', '2026-08-03 12:16:00.123456+00', '2026-08-03 12:16:00.123456+00', NULL, '2026-08-03 12:16:00.123456+00', 'request-16', 'https://api.segmind.com/v2/requests/request-16/status', 'https://api.segmind.com/v2/requests/request-16', 'https://media.example/16.mp4', 0.3125, 1600000000000000016, 1300000000000000001, 1700000016, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000018, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'undelivered', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:18:00.123456+00', '2026-08-03 12:18:00.123456+00', '2026-08-03 12:18:00.123456+00', NULL, '2026-08-03 12:18:00.123456+00', 'request-18', 'https://api.segmind.com/v2/requests/request-18/status', 'https://api.segmind.com/v2/requests/request-18', 'https://media.example/18.mp4', 0.3125, 1600000000000000018, NULL, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000019, 0, 1300000000000000001, 1200000000000000002, 'wan-2.6-i2v', '{"prompt": "\u00dcn\u00ef \ud83e\udd8a"}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'undelivered', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:19:00.123456+00', '2026-08-03 12:19:00.123456+00', '2026-08-03 12:19:00.123456+00', NULL, '2026-08-03 12:19:00.123456+00', 'request-19', 'https://api.segmind.com/v2/requests/request-19/status', 'https://api.segmind.com/v2/requests/request-19', 'https://media.example/19.mp4', 0.3125, 1600000000000000019, NULL, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000020, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, 1400000000000000000, 'delivered', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:20:00.123456+00', '2026-08-03 12:20:00.123456+00', '2026-08-03 12:20:00.123456+00', NULL, '2026-08-03 12:20:00.123456+00', 'request-20', 'https://api.segmind.com/v2/requests/request-20/status', 'https://api.segmind.com/v2/requests/request-20', 'https://media.example/20.mp4', 0.3125, 1600000000000000020, 1300000000000000001, 1700000020, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000023, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'awaiting_approval', '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000021, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'queued', '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', 1250000000000000001, '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000022, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'denied', '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '[]', 1250000000000000001, '2026-08-03 12:00:00.123456+00', 'not here', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000024, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'cancelled', '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000025, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'delivered', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:25:00.123456+00', '2026-08-03 12:25:00.123456+00', '2026-08-03 12:25:00.123456+00', NULL, '2026-08-03 12:25:00.123456+00', 'request-25', 'https://api.segmind.com/v2/requests/request-25/status', 'https://api.segmind.com/v2/requests/request-25', 'https://media.example/25.mp4', 0.3125, 1600000000000000025, 1300000000000000001, 1700000025, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, 1250000000000000001, '2026-08-03 12:00:00.123456+00', 'spam', NULL, '2026-08-03 12:00:00.123456+00', NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000026, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'delivered', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:26:00.123456+00', '2026-08-03 12:26:00.123456+00', '2026-08-03 12:26:00.123456+00', NULL, '2026-08-03 12:26:00.123456+00', 'request-26', 'https://api.segmind.com/v2/requests/request-26/status', 'https://api.segmind.com/v2/requests/request-26', 'https://media.example/26.mp4', 0.3125, 1600000000000000026, 1300000000000000001, 1700000026, NULL, NULL, '2026-08-03 12:00:00.123456+00', '[]', NULL, NULL, NULL, NULL, NULL, 1250000000000000001, '2026-08-03 12:00:00.123456+00', 'spam', NULL, NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000028, 1100000000000000001, 0, 0, 'wan-2.6-i2v', '{}', 30, NULL, '2026-08-03 12:00:00.123456+00', 0, NULL, 'failed', '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, '2026-08-03 12:28:00.123456+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'inference', NULL, '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-08-01 00:00:00+00', NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.job VALUES (1400000000000000027, 1100000000000000001, 0, 0, 'wan-2.6-i2v', '{}', 30, NULL, '2026-08-03 12:00:00.123456+00', 0, NULL, 'delivered', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:27:00.123456+00', '2026-08-03 12:27:00.123456+00', '2026-08-03 12:27:00.123456+00', NULL, '2026-08-03 12:27:00.123456+00', 'forgotten:6848f392e118360c5c3c8d594a7006c02c866815e8fa51906236f9fdcbfac914', NULL, NULL, NULL, 0.3125, NULL, NULL, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-08-01 00:00:00+00', NULL, NULL, false, 'en-US', NULL, NULL, false);
INSERT INTO public.known_guild VALUES (1100000000000000001, 1500000000000000001);
INSERT INTO public.known_guild VALUES (1100000000000000002, 1500000000000000001);
INSERT INTO public.last_options VALUES (1200000000000000001, 'animate', '{"model": "wan-2.6-i2v"}');
INSERT INTO public.latency_sample VALUES (1, 'wan-2.6-i2v', '720p 5 s', 92.25, '2026-08-03 12:00:00.123456+00', NULL, false);
INSERT INTO public.latency_sample VALUES (2, 'wan-2.6-i2v', '720p 5 s', 92.25, '2026-08-03 12:00:00.123456+00', 3.5, false);
INSERT INTO public.latency_sample VALUES (3, 'wan-2.6-i2v', '720p 5 s', 92.25, '2026-08-03 12:00:00.123456+00', 0, true);
INSERT INTO public.ledger_entry VALUES (1, 1400000000000000000, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (2, 1400000000000000001, 0, 1200000000000000002, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (3, 1400000000000000002, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (4, 1400000000000000003, 0, 1200000000000000002, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (5, 1400000000000000004, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (6, 1400000000000000005, 0, 1200000000000000002, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (7, 1400000000000000006, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (8, 1400000000000000007, 0, 1200000000000000002, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (9, 1400000000000000008, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (10, 1400000000000000009, 0, 1200000000000000002, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (11, 1400000000000000010, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (12, 1400000000000000010, 1100000000000000001, 1200000000000000001, 'release', 30, NULL, NULL, NULL, '2026-08-03 12:10:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (13, 1400000000000000011, 0, 1200000000000000002, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (14, 1400000000000000011, 0, 1200000000000000002, 'release', 30, NULL, NULL, NULL, '2026-08-03 12:11:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (15, 1400000000000000012, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (16, 1400000000000000012, 1100000000000000001, 1200000000000000001, 'release', 30, NULL, NULL, NULL, '2026-08-03 12:12:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (17, 1400000000000000013, 0, 1200000000000000002, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (18, 1400000000000000013, 0, 1200000000000000002, 'release', 30, NULL, NULL, NULL, '2026-08-03 12:13:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (19, 1400000000000000014, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (20, 1400000000000000014, 1100000000000000001, 1200000000000000001, 'settle', 30, NULL, NULL, NULL, '2026-08-03 12:14:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (21, 1400000000000000015, 0, 1200000000000000002, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (22, 1400000000000000015, 0, 1200000000000000002, 'settle', 30, NULL, NULL, NULL, '2026-08-03 12:15:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (23, 1400000000000000016, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (24, 1400000000000000016, 1100000000000000001, 1200000000000000001, 'settle', 30, NULL, NULL, NULL, '2026-08-03 12:16:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (25, 1400000000000000017, 0, 1200000000000000002, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (26, 1400000000000000017, 0, 1200000000000000002, 'settle', 30, NULL, NULL, NULL, '2026-08-03 12:17:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (27, 1400000000000000018, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (28, 1400000000000000018, 1100000000000000001, 1200000000000000001, 'release', 30, NULL, NULL, NULL, '2026-08-03 12:18:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (29, 1400000000000000019, 0, 1200000000000000002, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (30, 1400000000000000019, 0, 1200000000000000002, 'release', 30, NULL, NULL, NULL, '2026-08-03 12:19:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (31, 1400000000000000020, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (32, 1400000000000000020, 1100000000000000001, 1200000000000000001, 'settle', 30, NULL, NULL, NULL, '2026-08-03 12:20:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (33, NULL, 1100000000000000001, 1200000000000000001, 'grant', 100, 2, 'a prize', NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (34, NULL, 1100000000000000001, 1200000000000000001, 'grant', 100, 2, 'a prize', '2027-09-07 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (35, 1400000000000000021, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (36, 1400000000000000024, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 34);
INSERT INTO public.ledger_entry VALUES (37, 1400000000000000024, 1100000000000000001, 1200000000000000001, 'release', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 34);
INSERT INTO public.ledger_entry VALUES (38, 1400000000000000025, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (39, 1400000000000000025, 1100000000000000001, 1200000000000000001, 'settle', 30, NULL, NULL, NULL, '2026-08-03 12:25:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (40, 1400000000000000025, 1100000000000000001, 1200000000000000001, 'adjust', 30, 1250000000000000001, 'spam', NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (41, 1400000000000000026, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (42, 1400000000000000026, 1100000000000000001, 1200000000000000001, 'settle', 30, NULL, NULL, NULL, '2026-08-03 12:26:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (43, 1400000000000000027, 1100000000000000001, -8360838244738356845, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (44, 1400000000000000027, 1100000000000000001, -8360838244738356845, 'settle', 30, NULL, NULL, NULL, '2026-08-03 12:27:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (45, 1400000000000000028, 1100000000000000001, -8360838244738356845, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.ledger_entry VALUES (46, 1400000000000000028, 1100000000000000001, -8360838244738356845, 'release', 30, NULL, NULL, NULL, '2026-08-03 12:28:00.123456+00', '2026-08-03 12:00:00.123456+00', 0);
INSERT INTO public.member_preference VALUES (1200000000000000001, true, '2026-08-03 12:00:00.123456+00');
INSERT INTO public.member_preference VALUES (1200000000000000002, false, '2026-08-03 12:00:00.123456+00');
INSERT INTO public.preset VALUES (1, 1200000000000000001, 'mine', 'mine', 'wan-2.6-i2v', '{"prompt": "A wolpertinger"}', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.relocation VALUES (1, 'arrived', '0d5a5cf2', 'sqlite:///old.sqlite3', '{"job": [1400000000000000000]}', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.thumbnail VALUES (1400000000000000008, '\x5249464600ff574542502038', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.thumbnail VALUES (1400000000000000009, '\x5249464600ff574542502039', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.thumbnail VALUES (1400000000000000014, '\x5249464600ff57454250203134', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.thumbnail VALUES (1400000000000000015, '\x5249464600ff57454250203135', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.thumbnail VALUES (1400000000000000016, '\x5249464600ff57454250203136', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.thumbnail VALUES (1400000000000000017, '\x5249464600ff57454250203137', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.thumbnail VALUES (1400000000000000018, '\x5249464600ff57454250203138', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.thumbnail VALUES (1400000000000000019, '\x5249464600ff57454250203139', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.thumbnail VALUES (1400000000000000020, '\x5249464600ff57454250203230', '2026-08-03 12:00:00.123456+00');
SELECT pg_catalog.setval('public.audit_event_id_seq', 16, true);
SELECT pg_catalog.setval('public.filter_rule_id_seq', 3, true);
SELECT pg_catalog.setval('public.latency_sample_id_seq', 3, true);
SELECT pg_catalog.setval('public.ledger_entry_id_seq', 46, true);
SELECT pg_catalog.setval('public.preset_id_seq', 1, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.allowance
    ADD CONSTRAINT pk_allowance PRIMARY KEY (guild_id, target, target_id);
ALTER TABLE ONLY public.audit_event
    ADD CONSTRAINT pk_audit_event PRIMARY KEY (id);
ALTER TABLE ONLY public.block
    ADD CONSTRAINT pk_block PRIMARY KEY (guild_id, user_id);
ALTER TABLE ONLY public.draft
    ADD CONSTRAINT pk_draft PRIMARY KEY (id);
ALTER TABLE ONLY public.filter_rule
    ADD CONSTRAINT pk_filter_rule PRIMARY KEY (id);
ALTER TABLE ONLY public.guild_policy
    ADD CONSTRAINT pk_guild_policy PRIMARY KEY (guild_id);
ALTER TABLE ONLY public.job
    ADD CONSTRAINT pk_job PRIMARY KEY (id);
ALTER TABLE ONLY public.known_guild
    ADD CONSTRAINT pk_known_guild PRIMARY KEY (guild_id);
ALTER TABLE ONLY public.last_options
    ADD CONSTRAINT pk_last_options PRIMARY KEY (user_id, command);
ALTER TABLE ONLY public.latency_sample
    ADD CONSTRAINT pk_latency_sample PRIMARY KEY (id);
ALTER TABLE ONLY public.ledger_entry
    ADD CONSTRAINT pk_ledger_entry PRIMARY KEY (id);
ALTER TABLE ONLY public.member_preference
    ADD CONSTRAINT pk_member_preference PRIMARY KEY (user_id);
ALTER TABLE ONLY public.preset
    ADD CONSTRAINT pk_preset PRIMARY KEY (id);
ALTER TABLE ONLY public.relocation
    ADD CONSTRAINT pk_relocation PRIMARY KEY (id);
ALTER TABLE ONLY public.request_page
    ADD CONSTRAINT pk_request_page PRIMARY KEY (id);
ALTER TABLE ONLY public.thumbnail
    ADD CONSTRAINT pk_thumbnail PRIMARY KEY (job_id);
ALTER TABLE ONLY public.filter_rule
    ADD CONSTRAINT uq_filter_rule_guild_id_kind_pattern UNIQUE (guild_id, kind, pattern);
ALTER TABLE ONLY public.job
    ADD CONSTRAINT uq_job_request_id UNIQUE (request_id);
ALTER TABLE ONLY public.ledger_entry
    ADD CONSTRAINT uq_ledger_entry_job_id_kind_grant_id UNIQUE (job_id, kind, grant_id);
ALTER TABLE ONLY public.preset
    ADD CONSTRAINT uq_preset_user_id_key UNIQUE (user_id, key);
CREATE INDEX ix_audit_event_guild_id_id ON public.audit_event USING btree (guild_id, id);
CREATE INDEX ix_audit_event_target_id ON public.audit_event USING btree (target_id);
CREATE INDEX ix_draft_kept_at ON public.draft USING btree (kept_at);
CREATE INDEX ix_draft_user_id ON public.draft USING btree (user_id);
CREATE INDEX ix_job_channel_id_id ON public.job USING btree (channel_id, id);
CREATE INDEX ix_job_ended_at ON public.job USING btree (ended_at);
CREATE INDEX ix_job_guild_id_state_user_id ON public.job USING btree (guild_id, state, user_id);
CREATE INDEX ix_job_kept_guild_id_ended_at ON public.job USING btree (guild_id, ended_at) WHERE (forgotten_at IS NULL);
CREATE INDEX ix_job_parent_id ON public.job USING btree (parent_id);
CREATE INDEX ix_job_queued_at ON public.job USING btree (queued_at);
CREATE INDEX ix_job_state_id ON public.job USING btree (state, id);
CREATE INDEX ix_job_user_id_id ON public.job USING btree (user_id, id);
CREATE INDEX ix_latency_sample_model_size_key_id ON public.latency_sample USING btree (model, size_key, id);
CREATE INDEX ix_ledger_entry_guild_id_counted_at ON public.ledger_entry USING btree (guild_id, counted_at);
CREATE INDEX ix_ledger_entry_guild_id_user_id_counted_at ON public.ledger_entry USING btree (guild_id, user_id, counted_at);
CREATE INDEX ix_ledger_entry_user_id_id ON public.ledger_entry USING btree (user_id, id);
CREATE UNIQUE INDEX uq_ledger_entry_closed_once ON public.ledger_entry USING btree (job_id, grant_id) WHERE (kind = ANY (ARRAY['settle'::text, 'release'::text]));
ALTER TABLE ONLY public.job
    ADD CONSTRAINT fk_job_parent_id_job FOREIGN KEY (parent_id) REFERENCES public.job(id);
ALTER TABLE ONLY public.ledger_entry
    ADD CONSTRAINT fk_ledger_entry_job_id_job FOREIGN KEY (job_id) REFERENCES public.job(id);
ALTER TABLE ONLY public.thumbnail
    ADD CONSTRAINT fk_thumbnail_job_id_job FOREIGN KEY (job_id) REFERENCES public.job(id);
