// Package fetch gets plugins from folders, archives, indexes and registries, verifies signatures and unpacks archives.
// It is the inside of auth0-mcp-fetch; the host runs that program and never imports this package.
//
// Everything that it reads is from outside. It starts no program, and writes only below the folder of the query.
package fetch

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/release"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

// Main answers the query on in with a reply on out; see [source.Query]. It returns the exit status of the program,
// which is 0 also if the reply is an error.
func Main(ctx context.Context, in io.Reader, out, complaints io.Writer) int {
	reply, err := serve(ctx, in)
	if err == nil {
		err = json.NewEncoder(out).Encode(reply)
	}
	if err != nil {
		fmt.Fprintf(complaints, "auth0-mcp-fetch: %v; it is run by `auth0-mcp plugin`\n", err)
		return 1
	}
	return 0
}

func serve(ctx context.Context, in io.Reader) (source.Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, defaultLimits.total)
	defer cancel()
	lines := bufio.NewReader(in)
	line, err := lines.ReadBytes('\n')
	if err != nil {
		return source.Reply{}, fmt.Errorf("reading the query: %w", err)
	}
	var query source.Query
	if err := json.Unmarshal(line, &query); err != nil {
		return source.Reply{}, fmt.Errorf("reading the query: %w", err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, lines)
		cancel() // who asked has ended
	}()
	transport, err := tenant.NewTransport(query.CAFile)
	if err != nil {
		return source.Reply{}, err
	}
	f := fetcher{query: query, web: newWeb(transport, defaultLimits), limits: defaultLimits, now: time.Now()}
	return f.answer(ctx), nil
}

// limits bound what a source can cost.
type limits struct {
	// total is the longest that a query takes.
	total time.Duration
	// window is how long an answer may take to begin, and to bring least bytes more or its end.
	window time.Duration
	least  int64
	// requests is how many a query may take.
	requests int
	// entries are those of an archive, unpacked their bytes together.
	entries  int
	unpacked int64
	// ratio is how much larger than its archive its content may be, from freely bytes on.
	ratio, freely int64
}

var defaultLimits = limits{
	total: 15 * time.Minute, window: 30 * time.Second, least: 64 << 10, requests: 500,
	entries: 10_000, unpacked: 1 << 30, ratio: 100, freely: 16 << 20,
}

// fetcher answers one query.
type fetcher struct {
	query  source.Query
	web    *web
	limits limits
	now    time.Time
}

func (f fetcher) answer(ctx context.Context) source.Reply {
	if f.query.Evidence != nil {
		signer, err := f.verifyAgain(*f.query.Evidence)
		if err != nil {
			return source.Reply{Error: f.refusal(err)}
		}
		return source.Reply{Signer: &signer}
	}
	if f.query.Into == "" {
		offered, err := f.versions(ctx)
		if err != nil {
			return source.Reply{Error: f.refusal(err)}
		}
		return source.Reply{Versions: offered}
	}
	fetched, err := f.fetch(ctx)
	if err != nil {
		return source.Reply{Error: f.refusal(err)}
	}
	return source.Reply{Release: &fetched}
}

// fault is an error of a source. The values may come from outside.
func fault(kind source.ErrorKind, format string, args ...any) error {
	return &source.Error{Kind: kind, Text: fmt.Sprintf(format, args...)}
}

// refusal is an error as the host gets it, harmless and with the source.
func (f fetcher) refusal(err error) *source.Error {
	kind := source.Refused
	if known, ok := errors.AsType[*source.Error](err); ok {
		kind = known.Kind
	} else if errors.Is(err, os.ErrNotExist) {
		kind = source.NotFound
	} else if _, ok := errors.AsType[*source.NoVersionError](err); ok {
		kind = source.NoVersion
	}
	text := err.Error()
	if f.query.Evidence == nil {
		text = f.query.Source.String() + ": " + text
	}
	return &source.Error{Kind: kind, Text: redact.Line(text)}
}

func (f fetcher) versions(ctx context.Context) ([]source.Version, error) {
	switch f.query.Source.Kind() {
	case source.Index:
		x, err := f.readIndex(ctx)
		if err != nil {
			return nil, err
		}
		return versionsOf(x), nil
	case source.OCI, source.OCILayout:
		return f.repositoryVersions(ctx)
	}
	return nil, fault(source.NoVersion, "a %s has no list of versions: install it as it is, or name an index or a "+
		"registry", f.query.Source.Kind())
}

func versionsOf(x release.Index) []source.Version {
	all := make([]source.Version, 0, len(x.Versions))
	for _, e := range x.Versions {
		all = append(all, source.Version{Version: e.Version, Digest: e.Release.Digest, Platforms: e.Platforms,
			Published: e.Published, Yanked: e.Yanked})
	}
	return newestFirst(all)
}

func (f fetcher) fetch(ctx context.Context) (source.Release, error) {
	switch f.query.Source.Kind() {
	case source.Folder:
		return f.fetchFolder()
	case source.Archive:
		return f.fetchArchive(ctx)
	case source.Index:
		return f.fetchIndexed(ctx)
	case source.OCI, source.OCILayout:
		return f.fetchFromRepository(ctx)
	}
	return source.Release{}, fault(source.Refused, "a source of kind %q is not known", f.query.Source.Kind())
}

// readAll reads at most limit bytes of what at names.
func readAll(from io.ReadCloser, at string, limit int64) ([]byte, error) {
	defer from.Close()
	var data bytes.Buffer
	if _, err := data.ReadFrom(io.LimitReader(from, limit+1)); err != nil {
		return nil, brokeOff(at, int64(data.Len()), err)
	}
	if int64(data.Len()) > limit {
		return nil, fault(source.Refused, "%s is larger than %d bytes", at, limit)
	}
	return data.Bytes(), nil
}

// brokeOff says why something was not read to its end.
func brokeOff(at string, after int64, err error) error {
	if known, ok := errors.AsType[*source.Error](err); ok {
		return known
	}
	return fault(source.Unreachable, "%s broke off after %d bytes (%v): try again", at, after, err)
}
