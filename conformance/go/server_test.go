package conformance

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/thalassa-cloud/client-go/pkg/client"
	"github.com/thalassa-cloud/client-go/thalassa"
)

// startDeadline bounds how long the server may take until it is ready.
const startDeadline = 60 * time.Second

// ready is the line that `strongroom dev --json` prints when it serves.
type ready struct {
	Endpoint       string `json:"endpoint"`
	Organisation   string `json:"organisation"`
	Region         string `json:"region"`
	Project        string `json:"project"`
	Token          string `json:"token"`
	ClientID       string `json:"clientId"`
	ClientSecret   string `json:"clientSecret"`
	KmsKeyIdentity string `json:"kmsKeyIdentity"`
}

// server is what every test talks to.
var server ready

func TestMain(m *testing.M) {
	code, err := withServer(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		code = 1
	}
	os.Exit(code)
}

// withServer starts the binary named by STRONGROOM_BIN, runs the tests and stops it again.
func withServer(run func() int) (code int, err error) {
	binary := os.Getenv("STRONGROOM_BIN")
	if binary == "" {
		return 0, errors.New("set STRONGROOM_BIN to the strongroom binary, or use scripts/conformance-go")
	}
	command := exec.Command(binary, "dev", "--json", "--listen", "127.0.0.1:0")
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := command.Start(); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, stop(command)) }()
	if server, err = readReady(output); err != nil {
		return 0, err
	}
	return run(), nil
}

// readReady waits for the server's line.
func readReady(output io.Reader) (ready, error) {
	lines := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(output).ReadString('\n')
		lines <- line
	}()
	var found ready
	select {
	case line := <-lines:
		if err := json.Unmarshal([]byte(line), &found); err != nil {
			return ready{}, fmt.Errorf("the server's first line is no JSON: %w", err)
		}
	case <-time.After(startDeadline):
		return ready{}, fmt.Errorf("the server was not ready after %s", startDeadline)
	}
	if found.Endpoint == "" || found.Token == "" || found.KmsKeyIdentity == "" {
		return ready{}, errors.New("the server's first line lacks endpoint, token or kmsKeyIdentity")
	}
	return found, nil
}

// stop asks the server to end and insists that it does so cleanly.
func stop(command *exec.Cmd) error {
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := command.Wait(); err != nil {
		return fmt.Errorf("the server did not stop cleanly: %w", err)
	}
	return nil
}

// owner is a client with the owner's personal access token.
func owner(t *testing.T, more ...client.Option) thalassa.Client {
	t.Helper()
	return connect(t, append([]client.Option{client.WithAuthPersonalToken(server.Token)}, more...)...)
}

// connect makes a client for the organisation of the server.
func connect(t *testing.T, options ...client.Option) thalassa.Client {
	t.Helper()
	basics := []client.Option{
		client.WithBaseURL(server.Endpoint),
		client.WithOrganisation(server.Organisation),
		client.WithTimeout(30 * time.Second),
	}
	connected, err := thalassa.NewClient(append(basics, options...)...)
	if err != nil {
		t.Fatalf("making the client: %v", err)
	}
	return connected
}

// must stops the test at an error that nobody expects.
func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// equal compares and goes on.
func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// wantStatus checks an error that the client only passes on as text.
func wantStatus(t *testing.T, what string, err error, status int) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("status %d", status)) {
		t.Errorf("%s: got %v, want status %d", what, err, status)
	}
}

// wantNotFound checks the error kind of a 404, and that it explains itself.
func wantNotFound(t *testing.T, what string, err error) {
	t.Helper()
	if !client.IsNotFound(err) {
		t.Errorf("%s: got %v, want not found", what, err)
	}
	wantMessage(t, what, err)
}

// wantBadRequest checks the error kind of a 400, and that it explains itself.
func wantBadRequest(t *testing.T, what string, err error) {
	t.Helper()
	if !client.IsBadRequest(err) {
		t.Errorf("%s: got %v, want bad request", what, err)
	}
	wantMessage(t, what, err)
}

func wantMessage(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil && len(strings.Split(err.Error(), "\n")) < 2 {
		t.Errorf("%s: the server gave no message: %v", what, err)
	}
}
