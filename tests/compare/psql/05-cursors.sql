-- Cursors, prepared statements, FETCH_COUNT.
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT n, n * n AS square FROM generate_series(1, 20) AS n;
FETCH c;
FETCH 3 FROM c;
FETCH BACKWARD 2 FROM c;
FETCH ABSOLUTE 10 FROM c;
FETCH RELATIVE -3 FROM c;
FETCH LAST FROM c;
FETCH FIRST FROM c;
FETCH ALL FROM c;
FETCH NEXT FROM c;
MOVE FIRST FROM c;
MOVE 5 IN c;
FETCH 0 FROM c;
FETCH c;
SELECT name, statement, is_holdable, is_scrollable FROM pg_cursors;
CLOSE c;
FETCH c;
ROLLBACK;
BEGIN;
DECLARE nos NO SCROLL CURSOR FOR SELECT 1;
FETCH BACKWARD FROM nos;
ROLLBACK;
BEGIN;
DECLARE h CURSOR WITH HOLD FOR SELECT * FROM generate_series(1, 5);
COMMIT;
FETCH 2 FROM h;
FETCH ALL FROM h;
CLOSE ALL;
CREATE TABLE cu (id int, v text);
INSERT INTO cu SELECT n, 'v' || n FROM generate_series(1, 5) AS n;
BEGIN;
DECLARE u CURSOR FOR SELECT * FROM cu FOR UPDATE;
FETCH 2 FROM u;
UPDATE cu SET v = 'changed' WHERE CURRENT OF u;
DELETE FROM cu WHERE CURRENT OF u;
COMMIT;
TABLE cu;
PREPARE one AS SELECT 1 AS x;
EXECUTE one;
PREPARE two (int, text) AS SELECT $1 + 1, upper($2), $1;
EXECUTE two (41, 'abc');
EXECUTE two ('x', 'abc');
EXECUTE two (1);
PREPARE two AS SELECT 1;
PREPARE ins (int) AS INSERT INTO cu VALUES ($1, 'prepared') RETURNING *;
EXECUTE ins (77);
EXECUTE ins (78);
SELECT name, statement, parameter_types, from_sql FROM pg_prepared_statements ORDER BY name;
EXPLAIN (COSTS off) EXECUTE two (1, 'x');
CREATE TABLE from_execute AS EXECUTE two (1, 'made');
TABLE from_execute;
DROP TABLE from_execute;
DEALLOCATE one;
EXECUTE one;
DEALLOCATE ALL;
EXECUTE two (1, 'x');
\set FETCH_COUNT 7
SELECT n, repeat('z', n) FROM generate_series(1, 30) AS n;
SELECT 1/(n - 20) FROM generate_series(1, 30) AS n;
INSERT INTO cu SELECT 1000 + n, '' FROM generate_series(1, 3) AS n RETURNING id;
\unset FETCH_COUNT
SELECT 'UPDATE cu SET v = ' || quote_literal('gexec' || id) || ' WHERE id = ' || id FROM cu WHERE id < 3 ORDER BY id \gexec
SELECT count(*) AS total, max(id) AS top FROM cu \gset
\echo :total :top
SELECT 1 AS a, 2 AS b \gx
SELECT n % 3 AS r, n % 2 AS c, n FROM generate_series(1, 6) AS n \crosstabview
SELECT 1 AS described, 'x'::text AS as_well, now() AS "when", NULL::cu AS row, ARRAY[1.5] AS list \gdesc
SELECT nosuch \gdesc
SELECT n FROM generate_series(1, 5) AS n \g (format=csv tuples_only=on)
DISCARD PLANS;
DISCARD SEQUENCES;
DISCARD TEMP;
DISCARD ALL;
SELECT * FROM pg_prepared_statements;
DROP TABLE cu;
