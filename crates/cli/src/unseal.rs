//! `strongroom unseal`: giving a sealed server shares of its root key.

use clap::Args;
use strongroom_client::{Plaintext, SealStatus};

use crate::input::Inputs;
use crate::table::json;
use crate::{CommandError, Connection, Format, Surroundings};

/// The longest input, in bytes: more than all the shares that there can be.
const LONGEST: usize = 64 * 1024;

/// Give a sealed server a share of its root key: asked for at the terminal, or each line of
/// standard input.
#[derive(Debug, Args)]
pub struct UnsealArgs {
    /// Only say how far it is.
    #[arg(long)]
    status: bool,
    #[command(flatten)]
    connection: Connection,
}

impl UnsealArgs {
    pub(crate) async fn execute(
        self,
        surroundings: &mut dyn Surroundings,
    ) -> Result<(), CommandError> {
        let client = self.connection.stranger()?;
        let mut status = client.seal_status().await?;
        if status.sealed && !self.status {
            let given = Inputs::secret(surroundings).stdin(LONGEST)?;
            for line in given.expose().split(|byte| *byte == b'\n') {
                let line = line.trim_ascii();
                if status.sealed && !line.is_empty() {
                    status = client.unseal(&Plaintext::new(line.to_vec())).await?;
                }
            }
        }
        match self.connection.format() {
            Format::Json => json(surroundings.output(), &status),
            Format::Table => writeln!(surroundings.output(), "{}", said(&status)),
        }
        .map_err(CommandError::Output)
    }
}

fn said(status: &SealStatus) -> String {
    let SealStatus {
        threshold,
        shares,
        progress,
        ..
    } = status;
    if status.sealed {
        format!(
            "sealed: {progress} of the {threshold} shares that open it are here ({shares} exist)"
        )
    } else {
        "open".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Mock, Scene};

    fn status(sealed: bool, progress: usize) -> (u16, String) {
        let text =
            format!(r#"{{"sealed":{sealed},"threshold":2,"shares":3,"progress":{progress}}}"#);
        (200, text)
    }

    #[tokio::test]
    async fn each_line_is_a_share_and_none_is_sent_in_vain() {
        let script = vec![status(true, 0), status(true, 1), status(false, 2)];
        let mock = Mock::start(script).await;
        let mut scene = Scene::with_stdin(b"strongroom-share-1:aa\n\n  bb\"\r\ncc\n");
        mock.run(&["unseal"], &mut scene).await.unwrap();
        assert_eq!(scene.text(), "open\n");
        let requests = mock.requests().await;
        assert_eq!(requests.len(), 3);
        assert!(requests[0].starts_with("GET /v1/sys/seal-status HTTP"));
        assert!(requests[1].starts_with("POST /v1/sys/unseal HTTP"));
        assert!(requests[1].ends_with(r#"{"share":"strongroom-share-1:aa"}"#));
        assert!(requests[2].ends_with(r#"{"share":"bb"}"#));
        assert!(
            requests
                .iter()
                .all(|it| !it.to_lowercase().contains("authorization"))
        );
    }

    #[tokio::test]
    async fn the_status_alone_reads_nothing() {
        let mock = Mock::start(vec![status(true, 1)]).await;
        let mut scene = Scene::with_stdin(b"");
        mock.run(&["unseal", "--status"], &mut scene).await.unwrap();
        let said = "sealed: 1 of the 2 shares that open it are here (3 exist)\n";
        assert_eq!(scene.text(), said);
    }
}
