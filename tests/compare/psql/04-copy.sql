-- COPY in both directions and all formats.
CREATE TABLE c (id int, t text, n numeric, b bool);
COPY c FROM STDIN;
1	one	1.5	t
2	two\twith tab	\N	f
3	back\\slash	-3	\N
\.
COPY c TO STDOUT;
COPY c TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE (t), NULL 'NULL');
COPY c TO STDOUT WITH CSV DELIMITER ';' QUOTE '''';
COPY c (t, id) TO STDOUT DELIMITER '|';
COPY (SELECT id, upper(t) FROM c ORDER BY id DESC) TO STDOUT;
COPY (VALUES (1, 'a'), (2, 'b')) TO STDOUT;
COPY (DELETE FROM c WHERE id = 3 RETURNING *) TO STDOUT;
COPY c FROM STDIN (FORMAT csv, HEADER);
id,t,n,b
10,"quoted, with comma",1,true
11,"multi
line",2,false
\.
TABLE c;
COPY c FROM STDIN;
not a number	x	1	t
\.
COPY c FROM STDIN;
1	too few
\.
COPY c FROM STDIN;
1	a	1	t	too many
\.
COPY c FROM STDIN (FORMAT csv);
1,"unterminated,1,t
\.
COPY c (nosuch) FROM STDIN;
COPY c FROM STDIN WHERE id > 100;
99	no	1	t
101	yes	1	t
\.
TABLE c;
BEGIN;
COPY c FROM STDIN;
1000	in a transaction	1	t
\.
ROLLBACK;
SELECT count(*) FROM c;
\copy c to '/dev/null'
\copy (select * from c) to stdout csv header
\copy c from stdin
2000	by backslash copy	0	f
\.
\copy c from program 'printf "3000\\tfrom a program\\t1\\tt\\n"'
\copy c from '/nonexistent/file'
\copy (select n, md5(n::text) from generate_series(1, 20000) n) to '/dev/null'
SELECT count(*) FROM c;
COPY c TO STDOUT\; SELECT 'after'\; COPY c TO STDOUT;
COPY (SELECT generate_series(1, 1000), repeat('y', 100)) TO STDOUT;
COPY (SELECT 1/(n-5) FROM generate_series(1, 10) n) TO STDOUT;
COPY c TO STDOUT (FORMAT binary);
CREATE TABLE big (n int, filler text);
\copy big from program 'seq 1 20000 | sed "s/$/\tfiller filler filler filler/"'
SELECT count(*), sum(n), min(length(filler)) FROM big;
DROP TABLE big;
DROP TABLE c;
