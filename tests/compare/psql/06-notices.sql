-- Notices, warnings, notifications, and where in the stream they come.
DO $$ BEGIN RAISE NOTICE 'a notice'; RAISE WARNING 'a warning' USING DETAIL = 'd', HINT = 'h', ERRCODE = '01234'; RAISE INFO 'info'; RAISE LOG 'only in the log'; RAISE DEBUG 'not shown'; END $$;
SET client_min_messages = debug1;
DO $$ BEGIN RAISE DEBUG 'shown now'; END $$;
SET client_min_messages = error;
DO $$ BEGIN RAISE WARNING 'not shown'; END $$;
RESET client_min_messages;
\set VERBOSITY verbose
DO $$ BEGIN RAISE NOTICE 'verbose' USING DETAIL = 'd'; END $$;
\set VERBOSITY default
DROP TABLE IF EXISTS nosuch_at_all;
CREATE TABLE IF NOT EXISTS n1 (id int);
CREATE TABLE IF NOT EXISTS n1 (id int);
CREATE FUNCTION noisy(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'row %', n; RETURN n; END $$;
SELECT noisy(n) FROM generate_series(1, 5) AS n;
SELECT noisy(1)\; SELECT noisy(2);
SELECT noisy(n), 1/(n - 3) FROM generate_series(1, 5) AS n;
COPY (SELECT noisy(n) FROM generate_series(1, 3) AS n) TO STDOUT;
SELECT repeat('n', 5000) AS l \gset
DO $$ BEGIN RAISE NOTICE '%', repeat('long ', 2000); END $$;
ALTER TABLE n1 ADD COLUMN x int, ADD COLUMN IF NOT EXISTS x int;
ALTER TABLE n1 ADD COLUMN IF NOT EXISTS id int;
DROP TABLE n1 CASCADE;
CREATE TABLE n2 (id int PRIMARY KEY);
CREATE VIEW n2v AS SELECT * FROM n2;
DROP TABLE n2;
DROP TABLE n2 CASCADE;
LISTEN chan;
NOTIFY chan;
NOTIFY chan, 'payload';
BEGIN;
NOTIFY chan, 'in a transaction';
NOTIFY chan, 'in a transaction';
SELECT 'not yet';
COMMIT;
SELECT pg_notify('chan', 'by function');
SELECT pg_listening_channels();
UNLISTEN chan;
NOTIFY chan, 'nobody hears';
UNLISTEN *;
SET application_name = 'renamed';
SHOW application_name;
SET TimeZone TO 'Europe/Berlin';
\encoding
SET client_encoding = 'LATIN1';
\encoding
SELECT convert_to('é', 'LATIN1'), octet_length(convert_to('é', 'LATIN1'));
SELECT '日本';
SET client_encoding = 'UTF8';
SHOW client_encoding;
SET standard_conforming_strings = off;
SELECT 'a\tb', E'a\tb';
SET standard_conforming_strings = on;
SELECT 'a\tb';
SHOW server_version;
SHOW ALL \g /dev/null
RESET ALL;
SHOW application_name;
DROP FUNCTION noisy;
