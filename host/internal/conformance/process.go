package conformance

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/auth0-mcp/auth0-mcp/host/internal/procgroup"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// killPatience bounds the wait for a process that was killed.
const killPatience = 5 * time.Second

// process is a plugin that is started without go-plugin, to see what its process does.
type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	folder string
	own    tls.Certificate
	exited chan struct{}
	err    error // of Wait, once exited is closed
	stderr *lastWords

	lines chan string // of stdout, the first one
	// network, address and peer are the handshake's.
	network, address string
	peer             *x509.Certificate
}

// begin starts the plugin with nothing in its environment but what the host gives it, and the extra variables.
func (e *exam) begin(ctx context.Context, extra ...string) (*process, error) {
	own, err := pluginv1.NewCertificate()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "a0c-") // short: the path of a socket has 100 bytes or so
	if err != nil {
		return nil, err
	}
	p := &process{folder: folder, own: own, exited: make(chan struct{}), stderr: &lastWords{},
		lines: make(chan string, 1)}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Certificate[0]})
	cmd := exec.CommandContext(ctx, e.Path, e.Args...) //nolint:gosec // the user named it
	cmd.Env = append([]string{"LANG=C.UTF-8", "TMPDIR=" + folder, "PLUGIN_MIN_PORT=10000", "PLUGIN_MAX_PORT=25000",
		fmt.Sprintf("PLUGIN_PROTOCOL_VERSIONS=%d", pluginv1.ProtocolVersion), "PLUGIN_UNIX_SOCKET_DIR=" + folder,
		"PLUGIN_CLIENT_CERT=" + string(certificate), pluginv1.RunVariable + "=" + folder}, extra...)
	if root, ok := os.LookupEnv("SystemRoot"); ok {
		cmd.Env = append(cmd.Env, "SystemRoot="+root)
	}
	cmd.Dir, cmd.Stderr, cmd.WaitDelay = folder, p.stderr, time.Second
	procgroup.Own(cmd)
	var stdout io.ReadCloser
	if p.stdin, err = cmd.StdinPipe(); err == nil {
		if stdout, err = cmd.StdoutPipe(); err == nil {
			err = cmd.Start()
		}
	}
	if err != nil {
		_ = os.RemoveAll(folder)
		return nil, err
	}
	p.cmd = cmd
	read := make(chan struct{})
	go func() { defer close(read); p.read(stdout, e) }()
	go func() {
		defer close(p.exited)
		<-read // Wait closes the pipe
		p.err = cmd.Wait()
	}()
	return p, nil
}

// read takes the first line of stdout, and counts what is behind it.
func (p *process) read(stdout io.Reader, e *exam) {
	in := bufio.NewReaderSize(stdout, 64<<10)
	line, err := in.ReadSlice('\n')
	p.lines <- string(line)
	rest, _ := io.Copy(io.Discard, in)
	if err != nil && len(line) == in.Size() {
		return // a line without an end, which the handshake's row tells
	}
	e.stray.Add(rest)
}

// start begins a plugin and reads its handshake.
func (e *exam) start(ctx context.Context) (*process, error) {
	p, err := e.begin(ctx, pluginv1.MagicCookieKey+"="+pluginv1.MagicCookieValue)
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(e.StartTimeout)
	defer timer.Stop()
	select {
	case line := <-p.lines:
		if line == "" {
			_ = p.awaitExit(ctx, killPatience) // stdout has ended; what it writes to stderr is complete with its exit
		}
		err = p.parse(strings.TrimSpace(line))
	case <-timer.C:
		err = fmt.Errorf("no handshake within %v", e.StartTimeout)
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

// parse reads the handshake: core protocol, protocol, network, address, kind, certificate.
func (p *process) parse(line string) error {
	fields := strings.Split(line, "|")
	if len(fields) < 6 {
		return fmt.Errorf("the first line on stdout is %.100q. It wrote to stderr: %s", line, p.stderr)
	}
	if fields[0] != "1" || fields[1] != fmt.Sprint(pluginv1.ProtocolVersion) || fields[4] != "grpc" {
		return fmt.Errorf("the handshake begins %.60q, and should begin \"1|%d|…|…|grpc|\"", line,
			pluginv1.ProtocolVersion)
	}
	p.network, p.address = fields[2], fields[3]
	if p.network != "unix" && p.network != "tcp" {
		return fmt.Errorf("the handshake names the network %q: want unix or tcp", p.network)
	}
	der, err := base64.RawStdEncoding.DecodeString(fields[5])
	if err != nil {
		return fmt.Errorf("the handshake's certificate is no base64 without padding: %w", err)
	}
	if p.peer, err = x509.ParseCertificate(der); err != nil {
		return fmt.Errorf("the handshake's certificate: %w", err)
	}
	return nil
}

// dial connects with a certificate; nil: the one that the plugin was told.
func (p *process) dial(own *tls.Certificate) (*grpc.ClientConn, error) {
	if own == nil {
		own = &p.own
	}
	pool := x509.NewCertPool()
	pool.AddCert(p.peer)
	target := "passthrough:///" + p.address
	if p.network == "unix" {
		target = "unix:" + p.address
	}
	return grpc.NewClient(target, grpc.WithTransportCredentials(credentials.NewTLS(pluginv1.TLSConfig(*own, pool))))
}

var errStillRuns = errors.New("the process still runs")

// awaitExit waits for the end of the process.
func (p *process) awaitExit(ctx context.Context, patience time.Duration) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.exited:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return fmt.Errorf("%w after %v", errStillRuns, patience)
	}
}

// kill ends the process and removes its folder.
func (p *process) kill() {
	_ = p.stdin.Close()
	_ = p.cmd.Process.Kill() // gone meanwhile
	select {
	case <-p.exited:
	case <-time.After(killPatience): // something that it started keeps its stdout open
	}
	_ = os.RemoveAll(p.folder)
}

// lastWords keeps the end of what is written to stderr.
type lastWords struct {
	mu  sync.Mutex
	buf []byte
}

func (l *lastWords) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = append(l.buf, data...)
	l.buf = l.buf[max(0, len(l.buf)-1000):]
	return len(data), nil
}

func (l *lastWords) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if text := strings.TrimSpace(redact.Text(strings.ToValidUTF8(string(l.buf), "�"))); text != "" {
		return text
	}
	return "nothing"
}
