package fakeplugin

import (
	"context"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

const (
	// Files is the role of a plugin whose writing and destroying tools declare FilesRoot.
	Files = "files"
	// FilesRoot is the root that they declare, and the one that they name unless told
	// otherwise.
	FilesRoot = "project"
)

// declareFiles adds the declaration of the role Files.
func declareFiles(m *pluginv1.Manifest) {
	for i, tool := range m.Tools {
		if tool.Effect != pluginv1.EffectRead {
			m.Tools[i].Files = []string{FilesRoot}
		}
	}
}

// writeFile asks the host for a file: root, path and content are as in the instruction,
// with n the content is that many bytes, and commas in the path part several. Each content
// ends in its path.
// Every answer is told, and a failure is hidden in an ordinary answer.
func (f *fake) writeFile(ctx context.Context, in instruction) any {
	root, content := in.Root, in.File
	if root == "" {
		root = FilesRoot
	}
	if in.N > 0 {
		content = strings.Repeat("x", in.N)
	}
	paths := strings.Split(in.Path, ",")
	switch {
	case in.dryRun:
	case in.Do == "file-swap": // in another order than was approved
		slices.Reverse(paths)
	case in.Do == "file-other": // with another content
		content += "?"
	}
	var told []string
	for _, path := range paths {
		answer, err := f.host.WriteFile(ctx, &pluginv1.WriteFileRequest{CallId: in.Call, Root: root, Path: path,
			Content: []byte(content + path), Private: in.Method == "private"})
		switch {
		case err != nil:
			told = append(told, "broken: "+err.Error())
		case answer.GetFailure() != nil && in.Do == "file-or-fail":
			return answer.GetFailure()
		case answer.GetFailure() != nil:
			told = append(told, answer.GetFailure().GetCode().String()+" "+answer.GetFailure().GetMessage())
		case answer.GetWritten().GetReplaced():
			told = append(told, "replaced "+answer.GetWritten().GetPath())
		default:
			told = append(told, "made "+answer.GetWritten().GetPath())
		}
	}
	return told
}
