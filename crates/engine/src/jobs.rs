//! What the engine does of its own accord.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::engine::Engine;

/// How often due removals are looked for.
const REMOVALS: Duration = Duration::from_secs(60);
/// How often keys that are due to rotate are looked for (contract 2.7), and those of tokens.
const ROTATIONS: Duration = Duration::from_secs(60 * 60);
/// How often audit records past their retention are looked for.
const RETENTION: Duration = Duration::from_secs(60 * 60);
/// How often the outbox is cleared of what was copied, and tried again after a failure.
const CLEARING: Duration = Duration::from_secs(1);
/// How long records of changes gather before they are copied. Whoever reads the log has them copied
/// first.
const GATHERING: Duration = Duration::from_millis(20);

impl Engine {
    /// Writes access times, brings records to the journal, removes and rotates keys that are due,
    /// those of tokens too, and removes audit records that are past their retention, until the future is dropped. What fails is
    /// logged and tried again.
    pub async fn run_jobs(&self) {
        tokio::join!(
            self.write_access_times(),
            self.settle_outbox(),
            self.remove_due_keys(),
            self.rotate_due_keys(),
            self.rotate_token_keys(),
            self.expire_audit_records(),
        );
    }

    async fn write_access_times(&self) {
        let mut tick = interval(self.0.settings.access_time_interval);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = self.0.access_times.filled() => {}
            }
            let secrets = self.0.access_times.flush(&self.0.vault).await;
            let credentials = self.0.last_uses.flush(&self.0.vault).await;
            for error in [secrets.err(), credentials.err()].into_iter().flatten() {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "access times wait"
                );
            }
        }
    }

    async fn settle_outbox(&self) {
        let outbox = self.0.trail.outbox();
        let mut tick = interval(CLEARING);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let settled = tokio::select! {
                () = outbox.filled() => {
                    // Nobody waits for the copies, and few large syncs cost less than many.
                    tokio::time::sleep(GATHERING).await;
                    outbox.settle().await
                }
                _ = tick.tick() => outbox.settle_and_clear().await,
            };
            if let Err(error) = settled {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "audit records wait"
                );
                tokio::time::sleep(CLEARING).await;
            }
        }
    }

    async fn remove_due_keys(&self) {
        let mut tick = interval(REMOVALS);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            match self.remove_due_keys_once().await {
                Ok(0) => {}
                Ok(keys) => tracing::info!(keys, "keys removed after their deletion delay"),
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "removal failed");
                }
            }
        }
    }

    /// Removes every key whose deletion is due by the engine's clock; says how many.
    pub async fn remove_due_keys_once(&self) -> Result<usize, crate::keys::RemovalError> {
        self.0.remove_due_keys().await
    }

    async fn rotate_due_keys(&self) {
        let mut tick = interval(ROTATIONS);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            match self.rotate_due_keys_once().await {
                Ok(0) => {}
                Ok(keys) => tracing::info!(keys, "keys rotated on schedule"),
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "rotation failed");
                }
            }
        }
    }

    /// Rotates every key whose period is over by the engine's clock; says how many.
    pub async fn rotate_due_keys_once(&self) -> Result<usize, crate::keys::ScheduleError> {
        self.0.rotate_due_keys().await
    }

    async fn rotate_token_keys(&self) {
        let mut tick = interval(ROTATIONS);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            match self.rotate_token_keys_once().await {
                Ok(0) => {}
                Ok(keys) => tracing::info!(keys, "new keys for tokens"),
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "rotation failed");
                }
            }
        }
    }

    async fn expire_audit_records(&self) {
        let mut tick = interval(RETENTION);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let now = self.0.clock.now();
            let Ok(before) = now.checked_sub(self.0.settings.audit_retention) else {
                continue;
            };
            let journal = self.0.trail.journal().clone();
            match tokio::task::spawn_blocking(move || journal.expire(before)).await {
                Ok(Ok(expired)) => tracing::debug!(?expired, "audit retention"),
                Ok(Err(error)) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "audit retention");
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "audit retention");
                }
            }
        }
    }
}
