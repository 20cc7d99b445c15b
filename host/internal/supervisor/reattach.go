package supervisor

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// maxReattachBytes is some ten times what two certificates and a key take.
const maxReattachBytes = 64 << 10

// readReattach reads a pluginv1.Reattach: JSON, or a file of it that no other user can change.
func readReattach(source string) (pluginv1.Reattach, error) {
	if strings.HasPrefix(strings.TrimSpace(source), "{") {
		return pluginv1.ParseReattach([]byte(source))
	}
	var writers *atomicfile.WritersError
	if errors.As(atomicfile.CheckWriters(source), &writers) {
		return pluginv1.Reattach{}, fmt.Errorf("%s: %s. Fix it with: %s", source, writers.Fault(), writers.Fix)
	}
	file, err := os.Open(source)
	if err != nil {
		return pluginv1.Reattach{}, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxReattachBytes))
	if err != nil {
		return pluginv1.Reattach{}, err
	}
	return pluginv1.ParseReattach(data)
}

// DescribeAttached asks a plugin that runs already for its manifest. The bound is ctx's.
func DescribeAttached(ctx context.Context, source string) (pluginv1.Manifest, error) {
	at, err := readReattach(source)
	if err != nil {
		return pluginv1.Manifest{}, err
	}
	peer, own, err := at.Certificates()
	if err != nil {
		return pluginv1.Manifest{}, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(peer)
	target := "passthrough:///" + at.Address
	if at.Network == "unix" {
		target = "unix:" + at.Address
	}
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(credentials.NewTLS(pluginv1.TLSConfig(own, pool))))
	if err != nil {
		return pluginv1.Manifest{}, err
	}
	defer conn.Close()
	answer, err := pluginv1.NewPluginClient(conn).Describe(ctx, &pluginv1.DescribeRequest{},
		grpc.MaxCallRecvMsgSize(maxManifestBytes))
	if err != nil {
		return pluginv1.Manifest{}, fmt.Errorf("the plugin at %s does not answer: %s. Is it still running?",
			plain(at.Address), reason(err))
	}
	return pluginv1.ParseManifest(answer.GetManifest())
}

// attach stands in for the start of a process that runs already: go-plugin gets the handshake that it would have
// printed. The process is neither watched nor ended.
func (r *processRunner) attach() error {
	at, err := readReattach(r.spec.Reattach)
	if err != nil {
		return err
	}
	peer, _, err := at.Certificates()
	if err != nil {
		return err
	}
	line := fmt.Sprintf("1|%d|%s|%s|grpc|%s\n", pluginv1.ProtocolVersion, at.Network, at.Address,
		base64.RawStdEncoding.EncodeToString(peer.Raw))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stdout = &handshakeReader{ReadCloser: &attachedOutput{Reader: bytes.NewReader([]byte(line)), ended: r.exited}}
	r.stderr = &stderrReader{ReadCloser: &attachedOutput{Reader: bytes.NewReader(nil), ended: r.exited}, tail: r.tail,
		ended: make(chan struct{})}
	r.attached = true
	return nil
}

// detach ends the use of a process that was not started here.
func (r *processRunner) detach() error {
	if !r.attached {
		return os.ErrProcessDone
	}
	r.attached = false
	close(r.exited)
	return nil
}

// attachedOutput is the output of a process of which this host sees none: it ends with its use.
type attachedOutput struct {
	io.Reader
	ended <-chan struct{}
}

func (o *attachedOutput) Read(p []byte) (int, error) {
	n, err := o.Reader.Read(p)
	if err != nil {
		<-o.ended
	}
	return n, err
}

func (o *attachedOutput) Close() error { return nil }
