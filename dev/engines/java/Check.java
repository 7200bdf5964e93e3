import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Proves that an engine that was set up does what the tests of ClaudeTrail rely on. Argument: the folder of the engine, with start and stop.
 *
 * <p>Two rounds: one without users that crashes the engine and starts it again on its data, one with users, TLS and an owner that dies.
 * The first thing that is not as it should be ends the program with an exception; the engine is killed on the way out.
 */
public final class Check {
    private static final String TEMPLATE = """
        {"index_patterns": ["logs-check.*"], "priority": 500, "data_stream": {}, "template": {
          "settings": {"number_of_replicas": 0},
          "mappings": {"properties": {"user": {"type": "keyword"}, "bytes": {"type": "long"}, "source": {"type": "ip"}}}}}""";
    private static final String DOCUMENTS = """
        {"create": {"_index": "logs-check.a", "_id": "one"}}
        {"@timestamp": "2026-01-01T10:00:00Z", "user": "ann", "bytes": 1, "source": "192.0.2.1"}
        {"create": {"_index": "logs-check.a", "_id": "two"}}
        {"@timestamp": "2026-01-01T12:00:00Z", "user": "bob", "bytes": 2, "source": "192.0.2.2"}
        """;

    private final Path folder;
    private final String name;

    private Check(Path folder) {
        this.folder = folder;
        this.name = folder.getFileName().toString();
    }

    public static void main(String[] arguments) throws Exception {
        Check check = new Check(Path.of(arguments[0]).toAbsolutePath());
        check.setUpAgain();
        check.plain();
        check.secure();
        System.out.println(check.name + " is good");
    }

    private void setUpAgain() throws Exception {
        Duration took = timed(() -> run("setup"));
        report("setup, when it is done", took);
        expect(took.toMillis() < 1_000, "a setup that is done takes less than a second");
    }

    // ---- without users ----

    private void plain() throws Exception {
        Engine engine = start("plain");
        try {
            Http client = engine.client();
            String root = get(client, "/", 200);
            expect(root.contains("\"number\""), "GET / names a version: " + root);
            documents(client);
            search(client);
            engine = crash(engine);
            client = engine.client();
            expectIn(get(client, "/logs-check.a/_count", 200), "\"count\":2");
            search(client);
            run("stop", String.valueOf(engine.pid()));
            expect(!engine.isAlive(), "stop waits for the end");
            expect(!Files.exists(engine.data()), "stop removes the data folder that start made");
        } finally {
            engine.kill();
        }
    }

    private void documents(Http client) throws IOException {
        send(client, "PUT", "/_index_template/check", TEMPLATE, 200);
        expectIn(bulk(client, DOCUMENTS), "\"errors\":false", "\"status\":201");
        expectIn(bulk(client, DOCUMENTS), "\"errors\":true", "\"status\":409", "version_conflict_engine_exception");
        expectIn(bulk(client, "{\"create\": {\"_index\": \"logs-check.a\"}}\n{\"user\": \"no time\"}\n"), "\"status\":400");
        expectIn(bulk(client, "{\"index\": {\"_index\": \"logs-check.a\"}}\n{\"@timestamp\": 0}\n"), "\"status\":400");
        expectIn(
            bulk(client, "{\"create\": {\"_index\": \"logs-check.a\"}}\n{\"@timestamp\": 0, \"bytes\": \"many\"}\n"), "\"status\":400");
        expectIn(get(client, "/_data_stream/logs-check.a", 200), "\"name\":\"logs-check.a\"", "\"template\":\"check\"");
        get(client, "/_data_stream/logs-check.none", 404);
        String types = get(client, "/logs-check.a/_field_caps?fields=*", 200);
        expectIn(types, "\"user\":{\"keyword\"", "\"bytes\":{\"long\"", "\"source\":{\"ip\"", "\"@timestamp\":{\"date\"");
    }

    private void search(Http client) throws IOException {
        String answer = send(client, "POST", "/logs-check.a/_search", """
            {"size": 0, "aggs": {
              "users": {"terms": {"field": "user"}},
              "hours": {"date_histogram": {"field": "@timestamp", "fixed_interval": "1h", "min_doc_count": 1}}}}""", 200);
        expectIn(answer, "\"key\":\"ann\",\"doc_count\":1", "\"key\":\"bob\",\"doc_count\":1");
        expectIn(answer, "\"key_as_string\":\"2026-01-01T10:00:00.000Z\"", "\"key_as_string\":\"2026-01-01T12:00:00.000Z\"");
    }

    private Engine crash(Engine engine) throws Exception {
        run("stop", "--kill", String.valueOf(engine.pid()));
        expect(!engine.isAlive(), "stop --kill waits for the end");
        String port = engine.url().substring(engine.url().lastIndexOf(':') + 1);
        Engine again = start("after kill -9", "--data-dir", engine.data().toString(), "--port", port);
        expect(again.url().equals(engine.url()), "the same port again");
        return again;
    }

    // ---- with users ----

    private void secure() throws Exception {
        Process owner = new ProcessBuilder("sleep", "600").start();
        Engine engine = start("with --security", "--security", "--owner", String.valueOf(owner.pid()));
        try {
            Http admin = engine.client();
            get(admin.as(null), "/", 401);
            get(admin.as(Http.basic(engine.text("user"), "wrong")), "/", 401);
            send(admin, "PUT", "/_index_template/check", TEMPLATE, 200);
            Http limited = admin.as(name.equals("elasticsearch") ? apiKey(admin) : limitedUser(admin));
            String answer = bulk(limited, DOCUMENTS.replaceFirst("logs-check.a", "logs-check.b"));
            expectIn(answer, "\"errors\":true", "\"status\":201", "\"status\":403", "security_exception");
            send(limited, "PUT", "/_index_template/mine", TEMPLATE, 403);
            String who = name.equals("elasticsearch") ? "/_security/_authenticate" : "/_plugins/_security/authinfo";
            expectIn(get(engine.clientWithCertificate(), who, 200), "client");

            owner.destroyForcibly().waitFor();
            expect(engine.endsWithin(Duration.ofSeconds(10)), "the engine ends with its owner");
            expect(engine.isGoneWithin(Duration.ofSeconds(5)), "and so does its data folder");
        } finally {
            owner.destroyForcibly();
            engine.kill();
        }
    }

    private static String apiKey(Http admin) throws IOException {
        String answer = send(admin, "POST", "/_security/api_key", """
            {"name": "shipper", "role_descriptors": {"shipper": {
              "cluster": ["monitor"],
              "index": [{"names": ["logs-check.b"], "privileges": ["auto_configure", "create_doc"]}]}}}""", 200);
        return "ApiKey " + text(answer, "encoded");
    }

    private static String limitedUser(Http admin) throws IOException {
        String users = "/_plugins/_security/api";
        send(admin, "PUT", users + "/internalusers/shipper", "{\"password\": \"c0rrect-horse-battery\"}", 201);
        send(admin, "PUT", users + "/roles/shipper", """
            {"cluster_permissions": ["cluster:monitor/main", "indices:data/write/bulk"],
             "index_permissions": [{"index_patterns": ["logs-check.b"],
               "allowed_actions": ["create_index", "indices:data/write/index", "indices:data/write/bulk*",
                 "indices:admin/mapping/put"]}]}""", 201);
        send(admin, "PUT", users + "/rolesmapping/shipper", "{\"users\": [\"shipper\"]}", 201);
        return Http.basic("shipper", "c0rrect-horse-battery");
    }

    // ---- the engine as a process ----

    private record Engine(String description) {
        String text(String key) {
            return Check.text(description, key);
        }

        String url() {
            return text("url");
        }

        Path data() {
            return Path.of(text("data_dir"));
        }

        long pid() {
            return Long.parseLong(find(description, "\"pid\":(\\d+)"));
        }

        /** A zombie is not: it has ended, and its parent has not looked yet. */
        boolean isAlive() {
            try {
                return !Files.readString(status()).contains("State:\tZ");
            } catch (IOException unreadable) {
                return !Files.exists(Path.of("/proc/self")) && ProcessHandle.of(pid()).map(ProcessHandle::isAlive).orElse(false);
            }
        }

        private Path status() {
            return Path.of("/proc", String.valueOf(pid()), "status");
        }

        boolean endsWithin(Duration limit) throws InterruptedException {
            return waitFor(limit, () -> !isAlive());
        }

        boolean isGoneWithin(Duration limit) throws InterruptedException {
            return waitFor(limit, () -> !Files.exists(data()));
        }

        void kill() {
            ProcessHandle.of(pid()).ifPresent(ProcessHandle::destroyForcibly);
        }

        Http client() throws Exception {
            boolean secure = url().startsWith("https");
            return new Http(
                url(),
                secure ? Http.trusting(Path.of(text("ca_file"))) : null,
                secure ? Http.basic(text("user"), text("password")) : null);
        }

        Http clientWithCertificate() throws Exception {
            Path certificate = Path.of(text("client_certificate_file"));
            return new Http(url(), Http.trusting(Path.of(text("ca_file")), certificate, Path.of(text("client_key_file"))), null);
        }

        /** Kilobytes, from where Linux says it; nothing elsewhere. */
        String resident() throws IOException {
            return Files.exists(status()) ? find(Files.readString(status()), "VmRSS:\\s*(\\d+)") : "?";
        }
    }

    private Engine start(String what, String... arguments) throws Exception {
        List<String> started = new ArrayList<>();
        Duration took = timed(() -> started.add(run("start", arguments)));
        Engine engine = new Engine(started.get(0));
        report("ready, " + what + " (resident " + engine.resident() + " kB)", took);
        return engine;
    }

    private String run(String program, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(folder.resolve(program).toString()));
        Collections.addAll(command, arguments);
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String output = new String(process.getInputStream().readAllBytes());
        expect(process.waitFor() == 0, String.join(" ", command) + " succeeds");
        return output;
    }

    // ---- small things ----

    private interface Step {
        void run() throws Exception;
    }

    private interface Condition {
        boolean holds();
    }

    private static Duration timed(Step step) throws Exception {
        long begin = System.nanoTime();
        step.run();
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    private static boolean waitFor(Duration limit, Condition condition) throws InterruptedException {
        for (long end = System.nanoTime() + limit.toNanos(); System.nanoTime() < end; Thread.sleep(100)) {
            if (condition.holds()) {
                return true;
            }
        }
        return false;
    }

    private void report(String what, Duration took) {
        System.out.printf("%s %6.2f s  %s%n", name, took.toMillis() / 1000.0, what);
    }

    private static String get(Http client, String path, int status) throws IOException {
        return send(client, "GET", path, null, status);
    }

    private static String bulk(Http client, String lines) throws IOException {
        return send(client, "POST", "/_bulk?refresh=true", lines, 200);
    }

    private static String send(Http client, String method, String path, String body, int status) throws IOException {
        Http.Answer answer = client.send(method, path, body);
        expect(answer.status() == status, method + " " + path + " is " + status + ", not " + answer.status() + ": " + answer.body());
        return answer.body();
    }

    private static String text(String json, String key) {
        return find(json, "\"" + key + "\":\"([^\"]*)\"");
    }

    private static String find(String text, String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        expect(matcher.find(), pattern + " is in " + text);
        return matcher.group(1);
    }

    private static void expectIn(String text, String... parts) {
        for (String part : parts) {
            expect(text.contains(part), part + " is in " + text);
        }
    }

    private static void expect(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError("expected that " + what);
        }
    }
}
