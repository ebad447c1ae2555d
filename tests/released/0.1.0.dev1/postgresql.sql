SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
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
    CONSTRAINT ck_job_price_positive CHECK ((price_credits > 0))
);
CREATE TABLE public.latency_sample (
    id bigint NOT NULL,
    model text NOT NULL,
    size_key text NOT NULL,
    latency_s double precision NOT NULL,
    created_at timestamp with time zone NOT NULL,
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
CREATE TABLE public.picture (
    message_id bigint NOT NULL,
    user_id bigint NOT NULL,
    url text NOT NULL,
    kept_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.latency_sample ALTER COLUMN id SET DEFAULT nextval('public.latency_sample_id_seq'::regclass);
ALTER TABLE ONLY public.ledger_entry ALTER COLUMN id SET DEFAULT nextval('public.ledger_entry_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0002');
INSERT INTO public.job VALUES (1400000000000000000, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'queued', '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1600000000000000000, NULL, NULL, NULL, NULL);
INSERT INTO public.job VALUES (1400000000000000001, 0, 1300000000000000001, 1200000000000000002, 'wan-2.6-i2v', '{"prompt": "\u00dcn\u00ef \ud83e\udd8a"}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'queued', '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1600000000000000001, NULL, NULL, NULL, NULL);
INSERT INTO public.job VALUES (1400000000000000015, 0, 1300000000000000001, 1200000000000000002, 'wan-2.6-i2v', '{"prompt": "\u00dcn\u00ef \ud83e\udd8a"}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'delivered', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:15:00.123456+00', '2026-08-03 12:15:00.123456+00', '2026-08-03 12:15:00.123456+00', NULL, '2026-08-03 12:15:00.123456+00', 'request-15', 'https://api.segmind.com/v2/requests/request-15/status', 'https://api.segmind.com/v2/requests/request-15', 'https://media.example/15.mp4', 0.3125, 1600000000000000015, 1300000000000000001, 1700000015, NULL, NULL);
INSERT INTO public.job VALUES (1400000000000000002, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'submitting', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:02:00.123456+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1600000000000000002, NULL, NULL, NULL, NULL);
INSERT INTO public.job VALUES (1400000000000000003, 0, 1300000000000000001, 1200000000000000002, 'wan-2.6-i2v', '{"prompt": "\u00dcn\u00ef \ud83e\udd8a"}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'submitting', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:03:00.123456+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1600000000000000003, NULL, NULL, NULL, NULL);
INSERT INTO public.job VALUES (1400000000000000004, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'uncertain', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:04:00.123456+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1600000000000000004, NULL, NULL, NULL, NULL);
INSERT INTO public.job VALUES (1400000000000000009, 0, 1300000000000000001, 1200000000000000002, 'wan-2.6-i2v', '{"prompt": "\u00dcn\u00ef \ud83e\udd8a"}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'finished', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:09:00.123456+00', '2026-08-03 12:09:00.123456+00', '2026-08-03 12:09:00.123456+00', NULL, NULL, 'request-9', 'https://api.segmind.com/v2/requests/request-9/status', 'https://api.segmind.com/v2/requests/request-9', 'https://media.example/9.mp4', 0.3125, 1600000000000000009, NULL, NULL, NULL, NULL);
INSERT INTO public.job VALUES (1400000000000000005, 0, 1300000000000000001, 1200000000000000002, 'wan-2.6-i2v', '{"prompt": "\u00dcn\u00ef \ud83e\udd8a"}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'uncertain', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:05:00.123456+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1600000000000000005, NULL, NULL, NULL, NULL);
INSERT INTO public.job VALUES (1400000000000000006, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'running', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:06:00.123456+00', '2026-08-03 12:06:00.123456+00', NULL, NULL, NULL, 'request-6', 'https://api.segmind.com/v2/requests/request-6/status', 'https://api.segmind.com/v2/requests/request-6', NULL, NULL, 1600000000000000006, NULL, NULL, NULL, NULL);
INSERT INTO public.job VALUES (1400000000000000007, 0, 1300000000000000001, 1200000000000000002, 'wan-2.6-i2v', '{"prompt": "\u00dcn\u00ef \ud83e\udd8a"}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'running', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:07:00.123456+00', '2026-08-03 12:07:00.123456+00', NULL, NULL, NULL, 'request-7', 'https://api.segmind.com/v2/requests/request-7/status', 'https://api.segmind.com/v2/requests/request-7', NULL, NULL, 1600000000000000007, NULL, NULL, NULL, NULL);
INSERT INTO public.job VALUES (1400000000000000008, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, 'aW50ZXJhY3Rpb246c2VjcmV0', '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'finished', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:08:00.123456+00', '2026-08-03 12:08:00.123456+00', '2026-08-03 12:08:00.123456+00', NULL, NULL, 'request-8', 'https://api.segmind.com/v2/requests/request-8/status', 'https://api.segmind.com/v2/requests/request-8', 'https://media.example/8.mp4', 0.3125, 1600000000000000008, NULL, NULL, NULL, NULL);
INSERT INTO public.job VALUES (1400000000000000010, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'failed', '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, '2026-08-03 12:10:00.123456+00', NULL, NULL, NULL, NULL, NULL, 1600000000000000010, NULL, NULL, 'inference', 'CUDA out of memory');
INSERT INTO public.job VALUES (1400000000000000011, 0, 1300000000000000001, 1200000000000000002, 'wan-2.6-i2v', '{"prompt": "\u00dcn\u00ef \ud83e\udd8a"}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'failed', '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, '2026-08-03 12:11:00.123456+00', NULL, NULL, NULL, NULL, NULL, 1600000000000000011, NULL, NULL, 'inference', 'CUDA out of memory');
INSERT INTO public.job VALUES (1400000000000000012, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'cancelled', '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, '2026-08-03 12:12:00.123456+00', NULL, NULL, NULL, NULL, NULL, 1600000000000000012, NULL, NULL, NULL, NULL);
INSERT INTO public.job VALUES (1400000000000000013, 0, 1300000000000000001, 1200000000000000002, 'wan-2.6-i2v', '{"prompt": "\u00dcn\u00ef \ud83e\udd8a"}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'cancelled', '2026-08-03 12:00:00.123456+00', NULL, NULL, NULL, NULL, '2026-08-03 12:13:00.123456+00', NULL, NULL, NULL, NULL, NULL, 1600000000000000013, NULL, NULL, NULL, NULL);
INSERT INTO public.job VALUES (1400000000000000014, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'delivered', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:14:00.123456+00', '2026-08-03 12:14:00.123456+00', '2026-08-03 12:14:00.123456+00', NULL, '2026-08-03 12:14:00.123456+00', 'request-14', 'https://api.segmind.com/v2/requests/request-14/status', 'https://api.segmind.com/v2/requests/request-14', 'https://media.example/14.mp4', 0.3125, 1600000000000000014, 1300000000000000001, 1700000014, NULL, NULL);
INSERT INTO public.job VALUES (1400000000000000016, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'undelivered', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:16:00.123456+00', '2026-08-03 12:16:00.123456+00', '2026-08-03 12:16:00.123456+00', NULL, '2026-08-03 12:16:00.123456+00', 'request-16', 'https://api.segmind.com/v2/requests/request-16/status', 'https://api.segmind.com/v2/requests/request-16', 'https://media.example/16.mp4', 0.3125, 1600000000000000016, NULL, NULL, NULL, NULL);
INSERT INTO public.job VALUES (1400000000000000017, 0, 1300000000000000001, 1200000000000000002, 'wan-2.6-i2v', '{"prompt": "\u00dcn\u00ef \ud83e\udd8a"}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, NULL, 'undelivered', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:17:00.123456+00', '2026-08-03 12:17:00.123456+00', '2026-08-03 12:17:00.123456+00', NULL, '2026-08-03 12:17:00.123456+00', 'request-17', 'https://api.segmind.com/v2/requests/request-17/status', 'https://api.segmind.com/v2/requests/request-17', 'https://media.example/17.mp4', 0.3125, 1600000000000000017, NULL, NULL, NULL, NULL);
INSERT INTO public.job VALUES (1400000000000000018, 1100000000000000001, 1300000000000000001, 1200000000000000001, 'wan-2.6-i2v', '{"prompt": "a fox \ud83e\udd8a", "seed": 7, "audio": true, "scale": 1.0}', 30, NULL, '2026-08-03 12:15:00.123456+00', 10485760, 1400000000000000000, 'delivered', '2026-08-03 12:00:00.123456+00', '2026-08-03 12:18:00.123456+00', '2026-08-03 12:18:00.123456+00', '2026-08-03 12:18:00.123456+00', NULL, '2026-08-03 12:18:00.123456+00', 'request-18', 'https://api.segmind.com/v2/requests/request-18/status', 'https://api.segmind.com/v2/requests/request-18', 'https://media.example/18.mp4', 0.3125, 1600000000000000018, 1300000000000000001, 1700000018, NULL, NULL);
INSERT INTO public.latency_sample VALUES (1, 'wan-2.6-i2v', '720p 5 s', 92.25, '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (1, 1400000000000000000, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (2, 1400000000000000001, 0, 1200000000000000002, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (3, 1400000000000000002, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (4, 1400000000000000003, 0, 1200000000000000002, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (5, 1400000000000000004, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (6, 1400000000000000005, 0, 1200000000000000002, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (7, 1400000000000000006, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (8, 1400000000000000007, 0, 1200000000000000002, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (9, 1400000000000000008, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (10, 1400000000000000009, 0, 1200000000000000002, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (11, 1400000000000000010, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (12, 1400000000000000010, 1100000000000000001, 1200000000000000001, 'release', 30, NULL, NULL, NULL, '2026-08-03 12:10:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (13, 1400000000000000011, 0, 1200000000000000002, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (14, 1400000000000000011, 0, 1200000000000000002, 'release', 30, NULL, NULL, NULL, '2026-08-03 12:11:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (15, 1400000000000000012, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (16, 1400000000000000012, 1100000000000000001, 1200000000000000001, 'release', 30, NULL, NULL, NULL, '2026-08-03 12:12:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (17, 1400000000000000013, 0, 1200000000000000002, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (18, 1400000000000000013, 0, 1200000000000000002, 'release', 30, NULL, NULL, NULL, '2026-08-03 12:13:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (19, 1400000000000000014, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (20, 1400000000000000014, 1100000000000000001, 1200000000000000001, 'settle', 30, NULL, NULL, NULL, '2026-08-03 12:14:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (21, 1400000000000000015, 0, 1200000000000000002, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (22, 1400000000000000015, 0, 1200000000000000002, 'settle', 30, NULL, NULL, NULL, '2026-08-03 12:15:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (23, 1400000000000000016, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (24, 1400000000000000016, 1100000000000000001, 1200000000000000001, 'release', 30, NULL, NULL, NULL, '2026-08-03 12:16:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (25, 1400000000000000017, 0, 1200000000000000002, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (26, 1400000000000000017, 0, 1200000000000000002, 'release', 30, NULL, NULL, NULL, '2026-08-03 12:17:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (27, 1400000000000000018, 1100000000000000001, 1200000000000000001, 'reserve', 30, NULL, NULL, NULL, '2026-08-03 12:00:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.ledger_entry VALUES (28, 1400000000000000018, 1100000000000000001, 1200000000000000001, 'settle', 30, NULL, NULL, NULL, '2026-08-03 12:18:00.123456+00', '2026-08-03 12:00:00.123456+00');
INSERT INTO public.picture VALUES (71, 1200000000000000001, 'https://cdn.example/a.png', '2026-08-03 12:00:00.123456+00');
SELECT pg_catalog.setval('public.latency_sample_id_seq', 1, true);
SELECT pg_catalog.setval('public.ledger_entry_id_seq', 28, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.job
    ADD CONSTRAINT pk_job PRIMARY KEY (id);
ALTER TABLE ONLY public.latency_sample
    ADD CONSTRAINT pk_latency_sample PRIMARY KEY (id);
ALTER TABLE ONLY public.ledger_entry
    ADD CONSTRAINT pk_ledger_entry PRIMARY KEY (id);
ALTER TABLE ONLY public.picture
    ADD CONSTRAINT pk_picture PRIMARY KEY (message_id, user_id);
ALTER TABLE ONLY public.job
    ADD CONSTRAINT uq_job_request_id UNIQUE (request_id);
ALTER TABLE ONLY public.ledger_entry
    ADD CONSTRAINT uq_ledger_entry_job_id_kind UNIQUE (job_id, kind);
CREATE INDEX ix_job_guild_id_state_user_id ON public.job USING btree (guild_id, state, user_id);
CREATE INDEX ix_job_state_id ON public.job USING btree (state, id);
CREATE INDEX ix_job_user_id_id ON public.job USING btree (user_id, id);
CREATE INDEX ix_latency_sample_model_size_key_id ON public.latency_sample USING btree (model, size_key, id);
CREATE INDEX ix_ledger_entry_guild_id_user_id_counted_at ON public.ledger_entry USING btree (guild_id, user_id, counted_at);
CREATE INDEX ix_picture_kept_at ON public.picture USING btree (kept_at);
CREATE UNIQUE INDEX uq_ledger_entry_closed_once ON public.ledger_entry USING btree (job_id) WHERE (kind = ANY (ARRAY['settle'::text, 'release'::text]));
ALTER TABLE ONLY public.job
    ADD CONSTRAINT fk_job_parent_id_job FOREIGN KEY (parent_id) REFERENCES public.job(id);
ALTER TABLE ONLY public.ledger_entry
    ADD CONSTRAINT fk_ledger_entry_job_id_job FOREIGN KEY (job_id) REFERENCES public.job(id);
