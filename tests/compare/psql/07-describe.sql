-- psql's own questions about the catalogue.
CREATE SCHEMA shop;
SET search_path = shop, public;
CREATE SEQUENCE numbers START 100 INCREMENT 5;
CREATE TABLE customers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, email text UNIQUE, born date DEFAULT '2000-01-01', age int GENERATED ALWAYS AS (1) STORED);
CREATE TABLE orders (id serial PRIMARY KEY, customer int NOT NULL REFERENCES customers ON DELETE CASCADE, total numeric(10,2) CHECK (total >= 0), placed timestamptz DEFAULT now());
CREATE INDEX orders_total ON orders (total DESC) WHERE total > 100;
CREATE UNIQUE INDEX customers_lower ON customers (lower(name));
CREATE VIEW big_orders AS SELECT o.id, c.name, o.total FROM orders o JOIN customers c ON c.id = o.customer WHERE o.total > 100;
CREATE MATERIALIZED VIEW totals AS SELECT customer, sum(total) FROM orders GROUP BY customer;
CREATE TABLE parted (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE parted_2024 PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE parted_rest PARTITION OF parted DEFAULT;
CREATE TABLE kin (extra text) INHERITS (customers);
CREATE TYPE colour AS ENUM ('red', 'green');
CREATE TYPE place AS (x int, y int);
CREATE DOMAIN zip AS text CHECK (VALUE ~ '^\d{5}$');
CREATE FUNCTION add(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT a + b $$;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER touched BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
CREATE AGGREGATE product(int) (SFUNC = int4mul, STYPE = int, INITCOND = '1');
CREATE RULE no_delete AS ON DELETE TO customers DO INSTEAD NOTHING;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON orders FOR SELECT USING (customer = 1);
COMMENT ON TABLE orders IS 'what was bought';
COMMENT ON COLUMN orders.total IS 'in euro';
CREATE STATISTICS st ON customer, total FROM orders;
GRANT SELECT (id, total) ON orders TO public;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO public;
CREATE PUBLICATION pub FOR TABLE orders;
\d
\d+
\d customers
\d+ orders
\d big_orders
\d+ big_orders
\d totals
\d parted
\d+ parted
\d parted_2024
\d kin
\d numbers
\d orders_total
\d nosuch
\dt
\dt+ shop.*
\dt *.pg_cl*
\dv
\dm
\di
\ds
\df
\df+ shop.add
\da shop.*
\dT
\dT+ shop.*
\dD
\dn
\dn+
\dp
\z orders
\ddp
\du
\dg
\dx
\dy
\dL
\dC int4
\dO "C"
\do shop.*
\dF
\dFd
\dX
\dRp
\dRp+
\dRs
\dew
\det
\dA
\dAc btree int4
\db
\dc nosuch
\dd
\dP
\dconfig work_mem
\l plain
\sf add
\sv big_orders
\sf nosuch
\drds
\dl
\encoding
SELECT current_database(), current_user, session_user, current_schema, current_schemas(true);
SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = 'shop' ORDER BY 1, ordinal_position;
SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'shop'::regnamespace ORDER BY 1;
SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'shop' ORDER BY 1;
SELECT pg_get_viewdef('big_orders'::regclass, true), pg_get_functiondef('add'::regproc);
SELECT has_table_privilege('orders', 'select'), pg_table_is_visible('orders'::regclass), obj_description('orders'::regclass);
EXPLAIN (COSTS off) SELECT * FROM orders WHERE total > 200;
EXPLAIN (COSTS off, FORMAT json) SELECT 1;
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS off) SELECT count(*) FROM orders;
REFRESH MATERIALIZED VIEW totals;
ANALYZE orders;
VACUUM orders;
REINDEX TABLE orders;
CLUSTER orders USING orders_pkey;
DROP PUBLICATION pub;
DROP SCHEMA shop CASCADE;
RESET search_path;
