//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use strongroom_cli::{
    AuditList, IamArgs, KeyArgs, KmsArgs, LoginArgs, LogoutArgs, SecretArgs, UnsealArgs,
};
use strongroom_server::commands::{
    AuditArgs, DevArgs, InitArgs, MigrateArgs, RootArgs, ServerArgs,
};

/// A Secrets Manager and Key Management Service that a team runs itself.
#[derive(Debug, Parser)]
#[command(name = "strongroom", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What works over HTTP, and what works here.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Here(Here),
    /// Work with secrets on a server.
    Secret(SecretArgs),
    /// Work with keys on a server.
    Key(KeyArgs),
    /// Prepare key material for import; asks no server.
    Kms(KmsArgs),
    /// Ask a server who may do what, and why.
    Iam(IamArgs),
    /// Give a sealed server a share of its root key.
    Unseal(UnsealArgs),
    /// Sign in through your organisation's identity provider.
    Login(LoginArgs),
    /// Forget a sign-in.
    Logout(LogoutArgs),
    /// Read a server's audit log, or check the journal of one that is not running.
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
}

/// What needs no server, or is one.
#[derive(Debug, Subcommand)]
pub(crate) enum Here {
    /// Serve an installation that `init` made.
    Server(Server),
    /// Make an installation: data directory, root key, first organisation, owner token.
    Init(Init),
    /// Serve something to try things on; without --data, nothing of it stays.
    Dev(Dev),
    /// Change the root key, which opens all others; a running server goes on meanwhile.
    Root {
        #[command(subcommand)]
        command: RootCommand,
    },
    /// Print the OpenAPI document of the HTTP interface.
    Openapi,
    /// Print a configuration file with every key, its meaning and its default.
    Config,
    /// Print the reference of the configuration, in Markdown.
    #[command(hide = true)]
    ConfigDocs,
    /// Print how to use the service with curl, in Markdown.
    #[command(hide = true)]
    Recipes,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List what a server has on record, newest first.
    Ls(Box<AuditList>),
    #[command(flatten)]
    Journal(JournalCommand),
}

/// What is done to the files of a server that is not running.
#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Say whether the journal is what was written. Exit code 3 means that it is not.
    Verify(Journal),
    /// Print the newest signed head, to be kept elsewhere and given to `verify --anchor`.
    Head(Journal),
}

#[derive(Debug, Subcommand)]
pub(crate) enum RootCommand {
    /// Make a new root key where the old one is kept, and seal everything under it.
    Rotate(Rotate),
    /// Go over to the root key of another configuration.
    Migrate(Migrate),
}

#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// The configuration file (TOML) that the installation is run with.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// The configuration file (TOML) that the installation is run with.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The configuration file (TOML) that it is to be run with from now on.
    #[arg(long, value_name = "FILE2")]
    to: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Server {
    /// The configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Only check the configuration.
    #[arg(long)]
    check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data directory, over what the configuration says.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The name of the first organisation.
    #[arg(long, value_name = "NAME", default_value = "Main")]
    organisation: String,
    /// The address of its owner.
    #[arg(long, value_name = "EMAIL", default_value = "owner@localhost")]
    owner: String,
}

#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// Where to listen, on this machine only; port 0 picks a free port.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8460")]
    listen: SocketAddr,
    /// Keep the data here, and reopen it next time with the same credentials (dev.json in it).
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print one JSON line when ready, and nothing else.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Journal {
    /// The configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data directory, over what the configuration says.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A signed head that was kept elsewhere; the journal has to contain it.
    #[arg(long = "anchor", value_name = "HEAD")]
    anchors: Vec<String>,
}

impl From<Rotate> for RootArgs {
    fn from(args: Rotate) -> Self {
        Self {
            config: args.config,
        }
    }
}

impl From<Migrate> for MigrateArgs {
    fn from(args: Migrate) -> Self {
        Self {
            config: args.config,
            to: args.to,
        }
    }
}

impl From<Server> for ServerArgs {
    fn from(args: Server) -> Self {
        Self {
            config: args.config,
            check: args.check,
        }
    }
}

impl From<Init> for InitArgs {
    fn from(args: Init) -> Self {
        let Init {
            config,
            data,
            organisation,
            owner,
        } = args;
        Self {
            config,
            data,
            organisation,
            owner,
        }
    }
}

impl From<Dev> for DevArgs {
    fn from(args: Dev) -> Self {
        Self {
            listen: args.listen,
            data: args.data,
            json: args.json,
        }
    }
}

impl From<Journal> for AuditArgs {
    fn from(args: Journal) -> Self {
        Self {
            config: args.config,
            data: args.data,
            anchors: args.anchors,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn dev_takes_what_it_promises() {
        let line = [
            "strongroom",
            "dev",
            "--listen",
            "127.0.0.1:0",
            "--data",
            "d",
            "--json",
        ];
        let Command::Here(Here::Dev(dev)) = Arguments::parse_from(line).command else {
            panic!()
        };
        let dev = DevArgs::from(dev);
        assert_eq!((dev.listen.port(), dev.json), (0, true));
        assert_eq!(dev.data, Some(PathBuf::from("d")));
    }
}
