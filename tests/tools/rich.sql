-- One of every kind of object that PostgreSQL 15 has, for tools that describe, dump and reorganise. Run as a superuser.
CREATE SCHEMA shop;
COMMENT ON SCHEMA shop IS 'what is sold';
SET search_path = shop, public;
CREATE EXTENSION hstore;
CREATE EXTENSION postgres_fdw;
CREATE COLLATION german (provider = icu, locale = 'de-DE');
CREATE TYPE mood AS ENUM ('sad', 'fine', 'glad');
CREATE TYPE address AS (street text, town text);
CREATE TYPE price_range AS RANGE (subtype = numeric, multirange_type_name = price_ranges);
CREATE DOMAIN zip AS text CHECK (VALUE ~ '^[0-9]{5}$') DEFAULT '00000';
CREATE DOMAIN positive AS int NOT NULL CONSTRAINT above_zero CHECK (VALUE > 0);
CREATE SEQUENCE tickets AS bigint START 100 INCREMENT 5 CYCLE MAXVALUE 100000;
CREATE TABLE people (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL COLLATE german,
    mail varchar(200) UNIQUE,
    feeling mood DEFAULT 'fine',
    home address,
    zip zip,
    born date DEFAULT '2000-01-01' CHECK (born > '1900-01-01'),
    length numeric(6, 2),
    tags text[] DEFAULT '{}',
    about jsonb,
    words tsvector GENERATED ALWAYS AS (to_tsvector('simple', coalesce(name, ''))) STORED,
    CONSTRAINT sane CHECK (length IS NULL OR length > 0)
) WITH (fillfactor = 80);
COMMENT ON TABLE people IS 'who buys';
COMMENT ON COLUMN people.mail IS 'where to write';
COMMENT ON CONSTRAINT sane ON people IS 'nobody is shorter than nothing';
ALTER TABLE people ALTER name SET STATISTICS 500, ALTER about SET STORAGE EXTERNAL, ALTER tags SET COMPRESSION pglz;
CREATE TABLE orders (
    id serial PRIMARY KEY,
    person bigint NOT NULL REFERENCES people ON DELETE CASCADE ON UPDATE SET NULL,
    total numeric(10, 2) CHECK (total >= 0),
    placed timestamptz DEFAULT now(),
    during tstzrange,
    EXCLUDE USING gist (during WITH &&)
);
CREATE INDEX orders_total ON orders (total DESC NULLS LAST) INCLUDE (placed) WHERE total > 100;
CREATE UNIQUE INDEX people_lower ON people (lower(name), (id + 0));
CREATE INDEX people_about ON people USING gin (about jsonb_path_ops);
CREATE INDEX people_words ON people USING gin (words);
CREATE INDEX orders_placed ON orders USING brin (placed) WITH (pages_per_range = 16);
COMMENT ON INDEX orders_total IS 'large ones';
ALTER TABLE orders CLUSTER ON orders_pkey;
CREATE TABLE measured (at timestamptz NOT NULL, place int, value float8) PARTITION BY RANGE (at);
CREATE TABLE measured_2024 PARTITION OF measured FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (place);
CREATE TABLE measured_2024_1 PARTITION OF measured_2024 FOR VALUES IN (1, 2);
CREATE TABLE measured_2024_rest PARTITION OF measured_2024 DEFAULT;
CREATE TABLE measured_rest PARTITION OF measured DEFAULT;
CREATE INDEX measured_at ON measured (at);
CREATE TABLE hashed (id int) PARTITION BY HASH (id);
CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE kin (extra text) INHERITS (people);
CREATE UNLOGGED TABLE scratch (id int, data bytea);
CREATE TABLE "Odd ""Name"" %" ("Col umn" int, "select" text, "übung" text);
CREATE TABLE typed OF address (street WITH OPTIONS NOT NULL);
CREATE TABLE empty ();
CREATE VIEW big_orders AS SELECT o.id, p.name, o.total FROM orders o JOIN people p ON p.id = o.person WHERE o.total > 100;
CREATE VIEW large_orders WITH (security_barrier, security_invoker) AS SELECT id, total FROM orders WHERE total > 1000 WITH CASCADED CHECK OPTION;
CREATE RECURSIVE VIEW counted (n) AS SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 5;
CREATE MATERIALIZED VIEW totals AS SELECT person, sum(total) AS total FROM orders GROUP BY person;
CREATE UNIQUE INDEX totals_person ON totals (person);
CREATE MATERIALIZED VIEW later AS SELECT 1 AS one WITH NO DATA;
CREATE FUNCTION add(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 5 RETURN a + b;
CREATE FUNCTION two(OUT a int, OUT b text) LANGUAGE sql AS $$ SELECT 1, 'b' $$;
CREATE FUNCTION several(n int, VARIADIC rest text[]) RETURNS TABLE (i int, t text) LANGUAGE sql STABLE ROWS 7 AS $$ SELECT n, unnest(rest) $$;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = shop AS $$ BEGIN NEW.placed := now(); RETURN NEW; END $$;
CREATE FUNCTION noticed() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RETURN; END $$;
CREATE PROCEDURE tidy(INOUT n int DEFAULT 0) LANGUAGE plpgsql AS $$ BEGIN DELETE FROM scratch; n := 1; END $$;
CREATE AGGREGATE product(int) (SFUNC = int4mul, STYPE = int, INITCOND = '1', PARALLEL = SAFE);
CREATE AGGREGATE third(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
CREATE FUNCTION same(people, people) RETURNS bool LANGUAGE sql IMMUTABLE AS $$ SELECT $1.id = $2.id $$;
CREATE OPERATOR === (FUNCTION = same, LEFTARG = people, RIGHTARG = people, COMMUTATOR = ===);
CREATE OPERATOR FAMILY whole USING btree;
CREATE OPERATOR CLASS whole_int FOR TYPE int USING btree FAMILY whole AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
CREATE FUNCTION as_mood(int) RETURNS mood LANGUAGE sql IMMUTABLE AS $$ SELECT 'glad'::mood $$;
CREATE CAST (int AS mood) WITH FUNCTION as_mood(int) AS ASSIGNMENT;
CREATE CONVERSION latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE TEXT SEARCH DICTIONARY plain (TEMPLATE = simple, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION plainly (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION plainly ADD MAPPING FOR asciiword, word WITH plain, simple;
CREATE TRIGGER touched BEFORE INSERT OR UPDATE OF total ON orders FOR EACH ROW WHEN (NEW.total > 5) EXECUTE FUNCTION touch();
CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION touch();
CREATE EVENT TRIGGER watching ON ddl_command_end WHEN TAG IN ('CREATE SCHEMA') EXECUTE FUNCTION noticed();
CREATE RULE keep AS ON DELETE TO scratch DO INSTEAD NOTHING;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON orders AS PERMISSIVE FOR SELECT TO PUBLIC USING (person = 1);
CREATE POLICY small ON orders AS RESTRICTIVE FOR INSERT WITH CHECK (total < 100);
CREATE STATISTICS linked (ndistinct, dependencies, mcv) ON person, total FROM orders;
CREATE PUBLICATION told FOR TABLE people (id, name) WHERE (id > 5) WITH (publish = 'insert');
CREATE PUBLICATION schemas FOR TABLES IN SCHEMA public;
CREATE PUBLICATION everything FOR ALL TABLES;
CREATE SUBSCRIPTION heard CONNECTION 'dbname=nowhere' PUBLICATION told WITH (connect = false, slot_name = NONE);
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'example.org', dbname 'x');
CREATE USER MAPPING FOR PUBLIC SERVER elsewhere OPTIONS (user 'nobody');
CREATE FOREIGN TABLE remote (id int OPTIONS (column_name 'key'), t text) SERVER elsewhere OPTIONS (table_name 'far');
CREATE FOREIGN DATA WRAPPER hollow;
GRANT SELECT, UPDATE (mail) ON people TO PUBLIC;
GRANT EXECUTE ON FUNCTION add TO PUBLIC;
GRANT USAGE ON SCHEMA shop TO PUBLIC;
GRANT USAGE ON TYPE mood TO PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
INSERT INTO people (name, mail, home, about, length) SELECT 'person ' || n, 'p' || n || '@example.org', ROW('street ' || n, 'town')::address, jsonb_build_object('n', n), n FROM generate_series(1, 50) n;
INSERT INTO orders (person, total, placed) SELECT n, n * 10, '2024-01-01' FROM generate_series(1, 50) n;
INSERT INTO measured SELECT '2024-01-01'::timestamptz + n * interval '1 hour', n % 4, n FROM generate_series(1, 100) n;
INSERT INTO scratch VALUES (1, '\x00ff');
INSERT INTO "Odd ""Name"" %" VALUES (1, E'tab\there', 'ü');
SELECT lo_create(4711);
SELECT lo_put(4711, 0, 'large');
COMMENT ON LARGE OBJECT 4711 IS 'large';
GRANT SELECT ON LARGE OBJECT 4711 TO PUBLIC;
REFRESH MATERIALIZED VIEW totals;
-- What carries a label in one of the runs; no tool's own statements need it.
CREATE SCHEMA vault;
CREATE TABLE vault.pins (id int, pin text);
INSERT INTO vault.pins VALUES (1, '4711');
CREATE TABLE public.plain (id int);
ANALYZE;
