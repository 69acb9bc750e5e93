-- Values of every type a client meets, as text.
SELECT 1 AS int4, 1::int2 AS int2, 1::int8 AS int8, -2147483648 AS lowest, 9223372036854775807 AS highest;
SELECT 1.5::float4, 1.5::float8, 'NaN'::float8, 'Infinity'::float8, '-Infinity'::float4, 1e-300::float8, 0.1::float4 + 0.2::float4 AS sum;
SELECT 1.10::numeric, 123456789012345678901234567890.123456789::numeric, 'NaN'::numeric, 1e1000::numeric IS NOT NULL AS large, round(2.5), round(-2.5);
SELECT true, false, NULL::bool;
SELECT 'text'::text, 'padded'::char(10) AS c, 'var'::varchar(3), 'n'::name, '"q"'::"char";
SELECT '', ' ', E'\t\n\\', 'it''s', $$dollar$$, $tag$with $$ inside$tag$, U&'\0441\043B\043E\043D', E'\u00e9';
SELECT 'grüße', '日本語', '🐘', 'ẞ', length('🐘'), octet_length('🐘'), upper('grüße');
SELECT '\xdeadbeef'::bytea, '\x'::bytea, decode('AQID', 'base64'), encode('\x00ff'::bytea, 'hex'), E'\\000\\001'::bytea;
SELECT date '2024-02-29', time '23:59:59.999999', timetz '12:00+02', timestamp '2024-01-01 12:34:56.789', timestamptz '2024-01-01 12:34:56+00';
SELECT date 'infinity', date '-infinity', timestamp '0044-03-15 BC', date '9999-12-31', interval '1 year 2 months 3 days 04:05:06.7', interval '-1 day';
SET TimeZone = 'Asia/Kathmandu';
SELECT timestamptz '2024-01-01 00:00:00+00', to_char(timestamptz '2024-06-01 00:00:00+00', 'YYYY-MM-DD HH24:MI:SS OF');
SET DateStyle = 'SQL, DMY';
SELECT date '2024-02-29', timestamptz '2024-01-01 00:00:00+00';
RESET DateStyle;
RESET TimeZone;
SET IntervalStyle = 'iso_8601';
SELECT interval '1 year 2 months 3 days 04:05:06.7';
RESET IntervalStyle;
SET bytea_output = 'escape';
SELECT '\x00616263ff'::bytea;
RESET bytea_output;
SET extra_float_digits = 0;
SELECT 0.1::float8 + 0.2::float8;
RESET extra_float_digits;
SELECT '{1,2,3}'::int[], ARRAY[[1,2],[3,4]], ARRAY['a', NULL, 'c,d', '"e"'], '{}'::text[], '[2:3]={1,2}'::int[];
SELECT '{"a": [1, 2, {"b": null}]}'::json, '{"b": 1, "a": 2}'::jsonb, '"x"'::jsonb, '[]'::jsonb -> 0, '{"a":{"b":"c"}}'::jsonb #>> '{a,b}';
SELECT jsonb_path_query('{"a":[1,2,3]}', '$.a[*] ? (@ > 1)');
SELECT '<a>b</a>'::text, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid;
SELECT '192.168.0.1'::inet, '10.0.0.0/8'::cidr, '08:00:2b:01:02:03'::macaddr, '::1'::inet, '08:00:2b:01:02:03:04:05'::macaddr8;
SELECT point '(1,2)', lseg '[(0,0),(1,1)]', box '((0,0),(1,1))', path '((0,0),(1,1))', polygon '((0,0),(1,1),(1,0))', circle '<(0,0),1>', line '{1,2,3}';
SELECT int4range(1, 5), numrange(1.5, 2.5, '[]'), tsrange('2024-01-01', '2024-02-01'), 'empty'::int4range, int4multirange(int4range(1,3), int4range(5,7));
SELECT B'101', B'1010'::varbit, X'1F', 5::bit(8);
SELECT 'a fat cat'::tsvector, 'fat & !rat'::tsquery, to_tsvector('english', 'The Fat Rats'), ts_rank(to_tsvector('a b'), to_tsquery('a'));
SELECT '1/2'::pg_lsn, '$12.30'::money, '(1,2)'::tid, 'pg_class'::regclass, 'int4'::regtype, 'now'::regproc;
SELECT ROW(1, 'two', NULL), ROW(), (ROW(1, ROW(2, 3))), ROW('a,b', '"');
SELECT NULL AS "null", coalesce(NULL, 'x'), nullif(1, 1);
SELECT 1 AS "Mixed Case", 2 AS "with ""quotes""", 3 AS "?column?", 4 AS "select";
SELECT;
SELECT FROM generate_series(1, 3);
SELECT 1 AS a, 2 AS a, 3 AS a;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
SELECT 'ok'::mood, enum_range(NULL::mood), 'ok'::mood < 'happy'::mood;
CREATE TYPE pair AS (a int, b text);
SELECT ROW(1, 'x')::pair, (ROW(1, 'x')::pair).b, ARRAY[ROW(1,'x')::pair, ROW(2,'y')::pair];
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
SELECT 5::positive;
SELECT (-5)::positive;
CREATE TABLE all_types (a int2, b int4, c int8, d float4, e float8, f numeric(10,2), g bool, h text, i varchar(5), j char(3), k bytea, l date, m time, n timestamp,
    o timestamptz, p interval, q int[], r json, s jsonb, t uuid, u inet, v mood, w pair, x positive, y int4range, z bit(4));
INSERT INTO all_types VALUES (1, 2, 3, 4.5, 5.5, 6.66, true, 'h', 'i', 'j', '\x6b', '2024-01-12', '13:14', '2024-01-14 01:02:03', '2024-01-15 00:00:00+00', '16 days', '{17}', '{"r":1}', '{"s":2}',
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '127.0.0.1', 'ok', '(1,w)', 24, '[25,26)', B'1010');
INSERT INTO all_types DEFAULT VALUES;
SELECT * FROM all_types;
\x on
SELECT * FROM all_types;
\x off
\pset null '(null)'
TABLE all_types;
\pset format csv
TABLE all_types;
\pset format html
SELECT a, h, w FROM all_types;
\pset format unaligned
TABLE all_types;
\pset format aligned
\pset null ''
SELECT repeat('x', 10000) AS wide;
SELECT string_agg(chr(n), '') FROM generate_series(33, 600) AS n;
SELECT n, repeat(md5(n::text), 3) FROM generate_series(1, 300) AS n;
SELECT repeat('0123456789', 100000) = repeat('0123456789', 100000) AS a_megabyte;
SELECT length(repeat('0123456789', 1000000));
DROP TABLE all_types;
DROP DOMAIN positive;
DROP TYPE pair, mood;
