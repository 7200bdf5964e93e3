//! `setup elasticsearch`: has an engine hold the trail well, or says what that would take.

use std::path::Path;

use elasticsearch::{Client, ClientOptions, Product};
use engine_setup::{Call, Engine, IMPORT_PATH, Options, Step};

use crate::{
    cli::{Setup, SetupElasticsearch, SetupEngine},
    config::{ElasticsearchSettings, Settings, SinkKind},
    delivery::destination::{client_options, engine_failure},
    error::{Exit, Failure, Result},
    output, supervisor,
};

pub(crate) fn run(settings: &Settings, command: &Setup) -> Result<()> {
    let Setup::Elasticsearch(arguments) = command;
    let sends = !arguments.dry_run && !arguments.print_role && arguments.dashboards.is_none();
    if arguments.engine.is_some() && sends {
        return Err(Failure::new(Exit::Usage, "--engine is for --dry-run, --print-role and --dashboards")
            .hint("leave it out: the engine that is set up says itself what it is"));
    }
    let chosen = chosen(settings, arguments)?;
    let runtime = supervisor::runtime()?;
    for (name, sink) in chosen {
        let set_up = Sink { name, settings: sink, arguments };
        runtime.block_on(set_up.run())?;
    }
    Ok(())
}

/// The sinks meant: the named one, or all of the type.
fn chosen<'a>(
    settings: &'a Settings,
    arguments: &SetupElasticsearch,
) -> Result<Vec<(&'a str, &'a ElasticsearchSettings)>> {
    let of_type = settings.sinks.iter().map(|sink| match &sink.kind {
        SinkKind::Elasticsearch(elasticsearch) => (sink.name.as_str(), &**elasticsearch),
    });
    let known: Vec<_> = of_type.collect();
    let names = known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let wanted = |name: &str| arguments.sink.as_deref().is_none_or(|wanted| wanted == name);
    let chosen: Vec<_> = known.into_iter().filter(|(name, _)| wanted(name)).collect();
    if !chosen.is_empty() {
        return Ok(chosen);
    }
    Err(match &arguments.sink {
        Some(name) if !names.is_empty() => Failure::new(Exit::Usage, format!("there is no sink {name:?}"))
            .hint(format!("the sinks are {names}")),
        _ => Failure::new(Exit::Usage, "no [[sink]] of type elasticsearch is configured")
            .hint("add one with the hosts of the engine; `claudetrail config example` shows it"),
    })
}

/// One sink to set up.
struct Sink<'a> {
    name: &'a str,
    settings: &'a ElasticsearchSettings,
    arguments: &'a SetupElasticsearch,
}

impl Sink<'_> {
    async fn run(&self) -> Result<()> {
        let options = Options {
            stream: self.settings.data_stream.clone(),
            retention: self.settings.retention,
            logsdb: self.settings.logsdb,
        };
        if self.arguments.print_role {
            return output::print(&format!("{}\n", engine_setup::role(self.engine().await?, &options)));
        }
        if self.arguments.dry_run {
            let engine = self.engine().await?;
            output::print(&shown(&engine_setup::calls(engine, &options)))?;
            return self
                .kibana()
                .map_or(Ok(()), |kibana| output::print(&import_shown(kibana, engine, &options)));
        }
        if let Some(file) = &self.arguments.dashboards {
            return write(file, &engine_setup::dashboards_of(self.engine().await?, &options));
        }
        self.set_up(&options).await
    }

    /// Where dashboards go.
    fn kibana(&self) -> Option<&str> {
        self.arguments.kibana.as_deref().or(self.settings.kibana.as_deref())
    }

    async fn set_up(&self, options: &Options) -> Result<()> {
        let client = self.client()?;
        let about = client.about().await.map_err(|error| engine_failure(self.name, &error))?;
        let palette = output::stdout_palette();
        output::print(&format!("{} {about}\n", palette.bold(self.name)))?;
        let mut told = Ok(());
        let mut tell = |step: Step| {
            let line = match step {
                Step::Stored(what) => format!("{} {what}\n", palette.good("✓")),
                Step::LeftOut { what, why } => {
                    format!("{} {what}: left out, {why}\n", palette.notable("–"))
                }
            };
            if told.is_ok() {
                told = output::print(&line);
            }
        };
        let failure = |error: elasticsearch::Error| engine_failure(self.name, &error);
        engine_setup::run(&client, options, &mut tell).await.map_err(failure)?;
        if let Some(address) = self.kibana() {
            let client = ClientOptions {
                hosts: vec![address.to_owned()],
                // Small, and not every version unpacks what it is sent.
                compression: false,
                ..client_options(self.settings)
            };
            let kibana = Client::new(client).map_err(failure)?;
            tell(engine_setup::import_dashboards(&kibana, Engine::of(about), options).await);
        }
        told
    }

    /// The engine that is written for: the one that was named, or the one that answers.
    async fn engine(&self) -> Result<Engine> {
        match self.arguments.engine {
            Some(SetupEngine::Elasticsearch) => Ok(Engine::oldest(Product::Elasticsearch)),
            Some(SetupEngine::Opensearch) => Ok(Engine::oldest(Product::OpenSearch)),
            None => {
                let client = self.client()?;
                let about = client.about().await.map_err(|error| {
                    engine_failure(self.name, &error)
                        .hint(format!("{}; --engine names the engine where none can be asked", error.hint()))
                })?;
                Ok(Engine::of(about))
            }
        }
    }

    fn client(&self) -> Result<Client> {
        Client::new(client_options(self.settings)).map_err(|error| engine_failure(self.name, &error))
    }
}

/// Calls as a console of the engine takes them.
fn shown(calls: &[Call]) -> String {
    let one = |call: &Call| format!("# {}\n{call}\n\n", call.what);
    calls.iter().map(one).collect::<Vec<_>>().concat()
}

/// The import of dashboards, likewise; the file is sent as a form.
fn import_shown(kibana: &str, engine: Engine, options: &Options) -> String {
    let (address, header) = (kibana.trim_end_matches('/'), engine_setup::import_header(engine));
    let objects = engine_setup::dashboards_of(engine, options);
    format!(
        "# the dashboards, as the file of a form\nPOST {address}{IMPORT_PATH}\n{header}: true\n\n{objects}\n"
    )
}

/// To a file, or to stdout for `-`.
fn write(file: &Path, objects: &str) -> Result<()> {
    if file == Path::new("-") {
        return output::print(objects);
    }
    let written = std::fs::write(file, objects);
    written.map_err(|error| output::write_failure(&file.display().to_string(), &error))
}
