//! Options of `serve` that say how much it takes, and its figures.

use crate::process::{Server, http, run};

const KEY: &str = "server-sandbox-of-the-test";

#[test]
fn figures_are_shown_at_an_address_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let variables = [("SCRIP_METRICS_LISTEN", "127.0.0.1:0"), ("SCRIP_SANDBOX_API_KEY", KEY)];
    let mut server = Server::start(directory.path(), &variables);
    let metrics_port = server.metrics_port.unwrap();
    let url = format!("http://127.0.0.1:{}", server.port);
    let (code, text) = run(&["demo", "--url", &url, "--api-key", KEY, "--customers", "3"], &[]);
    assert_eq!(code, 0, "{text}");
    let (status, page) = http(metrics_port, "GET", "/metrics", "", "");
    assert_eq!(status, 200);
    let figure = |name: &str| {
        let line = page.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.unwrap_or_else(|| panic!("{name} is missing: {page}")).parse::<u64>().unwrap()
    };
    assert_eq!(figure("scrip_wallets_in_memory"), 3);
    assert!(figure("scrip_key_names_recent") > 10, "{page}");
    // Nothing of any customer, nothing else at this address, and nothing of it at the other.
    assert!(!page.contains("demo-"), "{page}");
    assert_eq!(http(metrics_port, "GET", "/api/v1/customers", KEY, "").0, 404);
    assert_eq!(http(metrics_port, "GET", "/healthz", "", "").0, 404);
    assert_eq!(http(server.port, "GET", "/metrics", KEY, "").0, 404);
    server.stop();
    std::net::TcpStream::connect(("127.0.0.1", metrics_port)).unwrap_err();
}

#[test]
fn figures_are_shown_nowhere_unless_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::start(directory.path(), &[]);
    assert_eq!(server.metrics_port, None);
    assert_eq!(http(server.port, "GET", "/metrics", "", "").0, 404);
    server.stop();
}

#[test]
fn an_address_for_figures_that_is_taken_costs_nothing() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--metrics-listen", &address, "--data"];
    let (code, text) = run(&[&serve[..], &[data.to_str().unwrap()]].concat(), &[]);
    assert_eq!(code, 1);
    assert!(text.contains(&format!("listening on {address}")), "{text}");
    assert!(!data.exists());
}

#[test]
fn options_out_of_range_are_named() {
    let rows = [
        ("--wallet-memory-mib", "SCRIP_WALLET_MEMORY_MIB", "0", "1..=1048576"),
        ("--wallet-memory-mib", "SCRIP_WALLET_MEMORY_MIB", "1048577", "1..=1048576"),
        ("--filter-memory-mib", "SCRIP_FILTER_MEMORY_MIB", "0", "1..=1048576"),
        ("--snapshot-every-seconds", "SCRIP_SNAPSHOT_EVERY_SECONDS", "0", "1..=3600"),
        ("--snapshot-every-seconds", "SCRIP_SNAPSHOT_EVERY_SECONDS", "3601", "1..=3600"),
        ("--lag-rows-max", "SCRIP_LAG_ROWS_MAX", "9999", "10000..=1000000000"),
        ("--lag-rows-max", "SCRIP_LAG_ROWS_MAX", "many", "invalid digit"),
        ("--metrics-listen", "SCRIP_METRICS_LISTEN", "9090", "invalid socket address"),
    ];
    for (option, variable, value, why) in rows {
        for (code, text) in
            [run(&["serve", option, value], &[]), run(&["serve"], &[(variable, value)])]
        {
            assert_eq!(code, 2, "{text}");
            assert!(text.contains(option) && text.contains(why), "{option} {value}: {text}");
        }
    }
}

#[test]
fn a_collector_of_traces_that_is_none_is_refused_before_anything_is_made() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    let option = [&serve[..], &["--otlp-endpoint", "collector:4318"]].concat();
    let rows = [
        (&option[..], None, "--otlp-endpoint"),
        (&serve[..], Some(("SCRIP_OTLP_ENDPOINT", "collector:4318")), "--otlp-endpoint"),
        (
            &serve[..],
            Some(("OTEL_EXPORTER_OTLP_ENDPOINT", "collector")),
            "OTEL_EXPORTER_OTLP_ENDPOINT",
        ),
    ];
    for (arguments, variable, named) in rows {
        let (code, text) = run(arguments, variable.as_slice());
        assert_eq!(code, 1, "{text}");
        assert!(text.contains(&format!("scrip: {named} must be http:// or https://")), "{text}");
        assert!(!data.exists());
    }
}

/// The least of everything is enough to serve.
#[test]
fn a_server_with_little_memory_serves() {
    let directory = tempfile::tempdir().unwrap();
    let variables = [
        ("SCRIP_WALLET_MEMORY_MIB", "1"),
        ("SCRIP_FILTER_MEMORY_MIB", "1"),
        ("SCRIP_SNAPSHOT_EVERY_SECONDS", "1"),
        ("SCRIP_LAG_ROWS_MAX", "10000"),
        ("SCRIP_SANDBOX_API_KEY", KEY),
        ("SCRIP_METRICS_LISTEN", "127.0.0.1:0"),
    ];
    let mut server = Server::start(directory.path(), &variables);
    let url = format!("http://127.0.0.1:{}", server.port);
    let (code, text) = run(&["demo", "--url", &url, "--api-key", KEY, "--customers", "3"], &[]);
    assert_eq!(code, 0, "{text}");
    // A round every second leaves nothing behind soon.
    let lag = || {
        let page = http(server.metrics_port.unwrap(), "GET", "/metrics", "", "").1;
        page.contains("\nscrip_snapshot_lag_rows 0\n")
    };
    let begin = std::time::Instant::now();
    while !lag() {
        assert!(begin.elapsed().as_secs() < 4, "the default round is every 5 seconds");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    server.stop();
}
