// What the JDBC driver sees of a server, as lines of text. Arguments: URL, user, password.
import java.io.StringReader;
import java.io.StringWriter;
import java.sql.*;
import java.util.Arrays;
import java.util.Properties;

public class Scenario {
    static void say(Object... words) {
        StringBuilder line = new StringBuilder();
        for (Object w : words) line.append(w).append(' ');
        System.out.println(line.toString().trim().replace("\n", "\\n"));
    }

    static void rows(String what, ResultSet rs) throws SQLException {
        ResultSetMetaData m = rs.getMetaData();
        StringBuilder head = new StringBuilder();
        for (int c = 1; c <= m.getColumnCount(); c++)
            head.append(m.getColumnLabel(c)).append(':').append(m.getColumnTypeName(c)).append(':').append(m.getPrecision(c)).append(':').append(m.isNullable(c)).append(':').append(m.getTableName(c)).append(' ');
        say(what, head);
        int n = 0;
        while (rs.next() && n++ < 50) {
            StringBuilder row = new StringBuilder();
            for (int c = 1; c <= m.getColumnCount(); c++) {
                Object o = rs.getObject(c);
                row.append(o instanceof byte[] ? Arrays.toString((byte[]) o) : o).append(" | ");
            }
            say(what, row);
        }
    }

    interface Work { void run() throws Exception; }

    static void failing(String what, Work work) throws Exception {
        try { work.run(); say(what, "ran"); } catch (SQLException e) {
            say(what, e.getSQLState(), e.getMessage());
            for (SQLException next = e.getNextException(); next != null; next = next.getNextException()) say(what, "next", next.getSQLState(), next.getMessage());
        }
    }

    public static void main(String[] args) throws Exception {
        for (String mode : new String[] {"simple", "extended", "extendedForPrepared", "extendedCacheEverything"}) {
            Properties p = new Properties();
            p.setProperty("user", args[1]);
            p.setProperty("password", args[2]);
            p.setProperty("preferQueryMode", mode);
            p.setProperty("prepareThreshold", "2");
            p.setProperty("binaryTransfer", "true");
            p.setProperty("sslmode", "disable");
            try (Connection c = DriverManager.getConnection(args[0], p)) { scenario(mode, c); }
        }
    }

    static void scenario(String mode, Connection c) throws Exception {
        DatabaseMetaData d = c.getMetaData();
        say(mode, d.getDatabaseProductName(), d.getDatabaseMajorVersion(), c.getTransactionIsolation(), c.getCatalog(), c.getSchema());
        try (Statement s = c.createStatement()) {
            s.execute("DROP TABLE IF EXISTS j_t");
            for (SQLWarning w = s.getWarnings(); w != null; w = w.getNextWarning()) say("warning", w.getSQLState(), w.getMessage());
            s.execute("CREATE TABLE j_t (id serial PRIMARY KEY, v text, n numeric(8,2), at timestamptz, b bytea, a int[], j jsonb, flag bool, big int8, f float8, d date)");
            say("updated", s.executeUpdate("INSERT INTO j_t (v, n, at, b, a, j, flag, big, f, d) VALUES ('x', 1.50, '2024-01-01 00:00:00+00', '\\x00ff', '{1,2}', '{\"a\": 1}', true, 9007199254740993, 1.5, '2024-02-29')", Statement.RETURN_GENERATED_KEYS));
            rows("keys", s.getGeneratedKeys());
            rows("all", s.executeQuery("SELECT * FROM j_t"));
            boolean more = s.execute("SELECT 1; UPDATE j_t SET v = v; SELECT 'two'");
            while (more || s.getUpdateCount() != -1) {
                if (more) rows("set", s.getResultSet()); else say("set", s.getUpdateCount());
                more = s.getMoreResults();
            }
            for (String text : new String[] {"SELECT 1/0", "SELECT nosuch", "SELEC", "INSERT INTO j_t (id) VALUES (1)", "SELECT * FROM j_none", "", "SELECT 1; SELECT 1/0"})
                failing(mode + " " + text, () -> { try (Statement t = c.createStatement()) { t.execute(text); } });
        }
        try (PreparedStatement s = c.prepareStatement("SELECT id, v, n, at, b, a, j, flag, big, f, d FROM j_t WHERE id = ? AND v = ?")) {
            for (int i = 0; i < 6; i++) {
                s.setInt(1, 1 + i % 2);
                s.setString(2, "x");
                rows("prepared " + i, s.executeQuery());
            }
            ParameterMetaData m = s.getParameterMetaData();
            say("parameters", m.getParameterCount(), m.getParameterTypeName(1), m.getParameterTypeName(2));
        }
        try (PreparedStatement s = c.prepareStatement("INSERT INTO j_t (v, big) VALUES (?, ?)")) {
            for (int i = 0; i < 200; i++) {
                s.setString(1, "batch " + i);
                s.setLong(2, i);
                s.addBatch();
            }
            say("batch", Arrays.stream(s.executeBatch()).sum());
        }
        failing(mode + " batch", () -> {
            try (Statement s = c.createStatement()) {
                s.addBatch("INSERT INTO j_t (v) VALUES ('good')");
                s.addBatch("INSERT INTO j_t (id) VALUES (1)");
                s.addBatch("INSERT INTO j_t (v) VALUES ('never')");
                s.executeBatch();
            }
        });
        c.setAutoCommit(false);
        try (Statement s = c.createStatement()) {
            s.setFetchSize(7);
            try (ResultSet rs = s.executeQuery("SELECT id, v FROM j_t ORDER BY id")) {
                int n = 0;
                while (rs.next()) n++;
                say("fetched", n);
            }
            Savepoint point = c.setSavepoint("here");
            failing(mode + " in transaction", () -> s.executeUpdate("INSERT INTO j_t (id) VALUES (1)"));
            failing(mode + " in failed transaction", () -> s.executeQuery("SELECT 1"));
            c.rollback(point);
            rows("after", s.executeQuery("SELECT count(*) FROM j_t"));
            c.rollback();
        }
        c.setAutoCommit(true);
        org.postgresql.copy.CopyManager copy = c.unwrap(org.postgresql.PGConnection.class).getCopyAPI();
        if (!mode.equals("x")) {
            say("copied", copy.copyIn("COPY j_t (v) FROM STDIN", new StringReader("one\ntwo\nthree\n")));
            StringWriter out = new StringWriter();
            say("copied out", copy.copyOut("COPY (SELECT v FROM j_t ORDER BY id DESC LIMIT 3) TO STDOUT", out), out);
            failing(mode + " copy", () -> copy.copyIn("COPY j_t (id) FROM STDIN", new StringReader("x\n")));
        }
        rows("columns", d.getColumns(null, "public", "j_t", "%"));
        rows("keys", d.getPrimaryKeys(null, "public", "j_t"));
        try (Statement s = c.createStatement()) {
            s.setQueryTimeout(1);
            failing(mode + " timeout", () -> s.execute("SELECT pg_sleep(30)"));
            rows("goes on", s.executeQuery("SELECT 'after'"));
            s.setQueryTimeout(0);
            s.execute("LISTEN j_chan; NOTIFY j_chan, 'hello'");
            for (org.postgresql.PGNotification n : c.unwrap(org.postgresql.PGConnection.class).getNotifications(60000)) say("heard", n.getName(), n.getParameter());
            s.execute("DROP TABLE j_t");
        }
    }
}
