package sdk

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/grpc"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// File is a file for the host to write.
type File struct {
	// Root is one that the tool declares with [Files]. Where it is, the user decides.
	Root string
	// Path is relative to the root, with forward slashes.
	Path    string
	Content []byte
	// Private files are readable by their owner only.
	Private bool
}

// WrittenFile is what was written.
type WrittenFile struct {
	// Path is where the file is, as the host tells it to the user.
	Path string
	// Replaced is true if there was a file before.
	Replaced bool
	// Variables are the names of those that [Call.SetEnv] gave a value.
	Variables []string
}

// WriteFile asks the host to write a file, which is a change like a request that
// writes: it can need the user's approval, and in a dry run nothing is written. A host
// that cannot write files fails it with [FailedPrecondition]; one that refuses it says
// why.
func (c *Call) WriteFile(ctx context.Context, f File) (WrittenFile, error) {
	if !slices.Contains(c.host.capabilities, pluginv1.CapabilityWriteFile) {
		return WrittenFile{}, newError(pluginv1.Failure_CODE_FAILED_PRECONDITION,
			"%s was not written: this host cannot write files: update auth0-mcp", f.Path)
	}
	if len(f.Content) > pluginv1.MaxBodyBytes {
		return WrittenFile{}, newError(pluginv1.Failure_CODE_TOO_LARGE, "%s was not written: it is over %d bytes", f.Path,
			pluginv1.MaxBodyBytes)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()
	answer, err := c.host.WriteFile(ctx, &pluginv1.WriteFileRequest{CallId: c.id, Root: f.Root, Path: f.Path,
		Content: f.Content, Private: f.Private},
		grpc.MaxCallSendMsgSize(pluginv1.MaxMessageBytes))
	switch {
	case ctx.Err() != nil:
		return WrittenFile{}, ctx.Err()
	case err != nil:
		return WrittenFile{}, fmt.Errorf("writing %s: the host did not answer: %w", f.Path, err)
	case answer.GetFailure() != nil:
		return WrittenFile{}, &Error{answer.GetFailure()}
	}
	return WrittenFile{Path: answer.GetWritten().GetPath(), Replaced: answer.GetWritten().GetReplaced()}, nil
}
