package source

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/procgroup"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// Trust is who the user trusts.
type Trust struct {
	Keys Keys `json:"keys,omitempty"`
	// Require is the name of the key that must have signed; empty: any of Keys.
	Require string `json:"require,omitempty"`
	// AllowUnsigned accepts a release that no key of Keys has signed. One that a key of Keys has signed and that is not
	// what was signed, or whose key is revoked or has expired, is refused all the same.
	AllowUnsigned bool `json:"allowUnsigned,omitempty"`
}

// Version is a version that a source offers.
type Version struct {
	Version string `json:"version"`
	// Digest is that of the release document; zero where only fetching tells.
	Digest catalog.Digest `json:"digest,omitzero"`
	// Platforms are as linux/amd64, sorted; nil where only fetching tells.
	Platforms []string `json:"platforms,omitempty"`
	// Published is when it was released; zero if that is not known.
	Published time.Time `json:"published,omitzero"`
	// Yanked is why its author has withdrawn it; empty if it is not.
	Yanked string `json:"yanked,omitempty"`
}

// Request says which release to fetch.
type Request struct {
	Source Source
	// Constraint is what its version must satisfy; see [Satisfies]. Empty: the newest.
	Constraint string
	// Pinned is the digest of the release document that was accepted before: another one is refused, and this one is
	// accepted even if its key or the index has expired. Zero: none was.
	Pinned catalog.Digest
	Trust  Trust
	// Platform is what it is for, such as linux/amd64; empty: this machine.
	Platform string
	// Into is an empty folder of the caller's that no other user can change. It gets manifest.json and the executable.
	Into string
}

// Release is a release that was fetched and checked.
type Release struct {
	// Source is where it was found, with the digest where the source has one.
	Source  Source `json:"source"`
	Name    string `json:"name"`
	Version string `json:"version"`
	// Digest is that of the release document; zero for a folder or a single archive, which have none.
	Digest catalog.Digest `json:"digest,omitzero"`
	// Manifest is the digest of manifest.json, the same on all platforms.
	Manifest catalog.Digest `json:"manifest"`
	// Platforms are all that the release has, by GOOS/GOARCH. The one of the request is among them.
	Platforms map[string]Platform `json:"platforms"`
	Published time.Time           `json:"published,omitzero"`
	Yanked    string              `json:"yanked,omitempty"`
	// Origins are other web servers that the index refers to.
	Origins []string `json:"origins,omitempty"`
	// Signer is the key that the user trusts and that has signed; its Name is empty if none has.
	Signer Signer `json:"signer"`
	// Evidence is kept, so that the signature can be verified again. Without a release document it is empty.
	Evidence Evidence `json:"evidence"`
}

// Platform is what a release has for one platform.
type Platform struct {
	// Archive and Size are those of the archive; zero for a folder.
	Archive catalog.Digest `json:"archive,omitzero"`
	Size    int64          `json:"size,omitempty"`
	Binary  catalog.Digest `json:"binary"`
}

// Signer is who has signed a release.
type Signer struct {
	// Name is the user's name for the key.
	Name string `json:"name,omitempty"`
	// Kind is minisign or sigstore. Detail is the number of the key, or the identity and who vouches for it.
	Kind   string `json:"kind,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// ErrorKind says why nothing was fetched, for code that has to decide.
type ErrorKind string

const (
	// NotFound means that the source, or what it refers to, is not there.
	NotFound ErrorKind = "not-found"
	// Unreachable means that a server did not answer, or not in time.
	Unreachable ErrorKind = "unreachable"
	// Refused means that what was fetched is malformed, unsafe, or not what its digest says.
	Refused ErrorKind = "refused"
	// Unsigned means that there is no signature by a key that the user trusts.
	Unsigned ErrorKind = "unsigned"
	// Untrusted means that a signature is wrong, or its key is unknown, revoked or has expired.
	Untrusted ErrorKind = "untrusted"
	// Changed means that the source offers something else under a version than what is pinned.
	Changed ErrorKind = "changed"
	// WrongPlatform means that there is nothing for this machine, or it is for another one.
	WrongPlatform ErrorKind = "platform"
	// Stale means that the index has expired.
	Stale ErrorKind = "stale"
	// NoVersion means that no version satisfies the constraint.
	NoVersion ErrorKind = "no-version"
)

// Error is why nothing was fetched. Its text is fit for a terminal.
type Error struct {
	Kind ErrorKind `json:"kind"`
	Text string    `json:"text"`
}

func (e *Error) Error() string { return e.Text }

// Query is what auth0-mcp-fetch reads from its standard input: one line of JSON. With Into it fetches a release, with
// Evidence it verifies a signature, without both it lists versions. The program ends when its standard input does.
type Query struct {
	Source     Source         `json:"source,omitzero"`
	Evidence   *Evidence      `json:"evidence,omitempty"`
	Constraint string         `json:"constraint,omitempty"`
	Pinned     catalog.Digest `json:"pinned,omitzero"`
	Trust      Trust          `json:"trust"`
	Into       string         `json:"into,omitempty"`
	Platform   string         `json:"platform"`
	CAFile     string         `json:"caFile,omitempty"`
	// RegistryConfig is the path of Docker's config file, whose credentials the registry of the source gets.
	RegistryConfig string `json:"registryConfig,omitempty"`
}

// Reply is what auth0-mcp-fetch writes to its standard output. It has exactly one member.
type Reply struct {
	Error    *Error    `json:"error,omitempty"`
	Versions []Version `json:"versions,omitempty"`
	Release  *Release  `json:"release,omitempty"`
	Signer   *Signer   `json:"signer,omitempty"`
}

// maxReply is above the reply for the largest index.
const maxReply = 8 << 20

// programName is that of the program beside the host's.
const programName = "auth0-mcp-fetch"

// Fetcher runs auth0-mcp-fetch, once for each call.
type Fetcher struct {
	// Program is its path.
	Program string
	// CAFile has further certificates to believe, in PEM form; empty: none.
	CAFile string
}

// NewFetcher finds the program beside this one. It is refused if another user can change it. For caFile see [Fetcher].
func NewFetcher(caFile string) (Fetcher, error) {
	self, err := os.Executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err != nil {
		return Fetcher{}, fmt.Errorf("looking for %s: %w", programName, err)
	}
	path := filepath.Join(filepath.Dir(self), catalog.ExecutableName(runtime.GOOS, programName))
	if _, err := os.Stat(path); err != nil {
		return Fetcher{}, fmt.Errorf("%s, which fetches plugins, is not beside auth0-mcp (%w): install auth0-mcp again, "+
			"or build it with `make build`", programName, err)
	}
	if writers, ok := errors.AsType[*atomicfile.WritersError](atomicfile.CheckWriters(path)); ok {
		return Fetcher{}, fmt.Errorf("%s is not run: %w", path, writers)
	}
	return Fetcher{path, caFile}, nil
}

// Versions lists what a source offers, newest first. What the user requires to be signed holds for the index too. The
// error is an *[Error] if the source is at fault.
func (f Fetcher) Versions(ctx context.Context, s Source, t Trust) ([]Version, error) {
	reply, err := f.ask(ctx, Query{Source: s, Trust: t})
	return reply.Versions, err
}

// Fetch gets a release for this machine and checks it. It runs nothing of it. If it fails, r.Into is empty again. The
// error is an *[Error] if the source is at fault.
func (f Fetcher) Fetch(ctx context.Context, r Request) (release Release, err error) {
	if entries, err := os.ReadDir(r.Into); err != nil || len(entries) > 0 {
		return Release{}, errors.Join(fmt.Errorf("%s is not an empty folder", r.Into), err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, empty(r.Into))
		}
	}()
	reply, err := f.ask(ctx, Query{Source: r.Source, Constraint: r.Constraint, Pinned: r.Pinned, Trust: r.Trust,
		Platform: r.Platform, Into: r.Into})
	if err != nil {
		return Release{}, err
	}
	if reply.Release == nil {
		return Release{}, fmt.Errorf("%s sent no release: install auth0-mcp again", programName)
	}
	return *reply.Release, nil
}

func empty(folder string) error {
	entries, err := os.ReadDir(folder)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(folder, e.Name())))
	}
	return err
}

func (f Fetcher) ask(ctx context.Context, q Query) (reply Reply, err error) {
	q.CAFile = f.CAFile
	q.Platform = q.platform()
	if q.Source.Kind() == OCI {
		q.RegistryConfig = registryConfig(os.Getenv, os.UserHomeDir)
	}
	question, err := json.Marshal(q)
	if err != nil {
		return Reply{}, err
	}
	cmd := exec.CommandContext(ctx, f.Program) //nolint:gosec // ours, beside the host
	cmd.Env = environment(os.Getenv)
	cmd.WaitDelay = 5 * time.Second
	procgroup.Own(cmd)
	answer, complaints := bounded{limit: maxReply}, bounded{limit: 4 << 10}
	cmd.Stdout, cmd.Stderr = &answer, &complaints
	// It stays open: if this process ends, the other one does too.
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return Reply{}, err
	}
	if err := cmd.Start(); err != nil {
		return Reply{}, fmt.Errorf("running %s: %w", f.Program, err)
	}
	_, writeErr := stdin.Write(append(question, '\n'))
	err = cmd.Wait()
	if ctx.Err() != nil {
		return Reply{}, context.Cause(ctx)
	}
	if err = errors.Join(err, writeErr); err == nil {
		err = jsonv2.Unmarshal(answer.kept.Bytes(), &reply)
	}
	if err != nil {
		return Reply{}, fmt.Errorf("%s failed: %w: %s", programName, err, redact.Line(complaints.kept.String()))
	}
	if reply.Error != nil {
		reply.Error.Text = redact.Line(reply.Error.Text)
		return Reply{}, reply.Error
	}
	return reply, nil
}

// registryConfig is the path of Docker's config file, which need not exist; empty if there is no home folder.
func registryConfig(lookup func(string) string, home func() (string, error)) string {
	if dir := lookup("DOCKER_CONFIG"); dir != "" {
		return filepath.Join(dir, "config.json")
	}
	dir, err := home()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, ".docker", "config.json")
}

// bounded keeps what is written to it, up to a limit. It embeds no buffer, whose ReadFrom would know no limit.
type bounded struct {
	kept  bytes.Buffer
	limit int
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.kept.Len()+len(p) > b.limit {
		return 0, io.ErrShortWrite
	}
	return b.kept.Write(p)
}

// environment is what the program needs of this process's environment: the way through a proxy, and which certificates
// to believe. Anything else could be a secret.
func environment(lookup func(string) string) []string {
	env := []string{}
	for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT"} {
		for _, name := range []string{name, strings.ToLower(name)} {
			if value := lookup(name); value != "" {
				env = append(env, name+"="+value)
			}
		}
	}
	return env
}
