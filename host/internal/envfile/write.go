package envfile

import (
	"bytes"
	"fmt"

	"github.com/auth0-mcp/auth0-mcp/host/internal/fileroot"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Written says what became of a file.
type Written struct {
	// Path is where it is.
	Path string
	// Made says that it did not exist before, Same that it holds these values already: then nothing is written.
	Made, Same bool
}

// Write sets variables in the env file at a path below a folder, with slashes, at once or not at all. The file is for
// its owner only from then on. With dry nothing is written. Errors never hold a value; one is a *[NotIgnoredError], and
// others are those of [fileroot.Root] and of [Set].
func Write(folder, path string, pairs []Pair, dry bool) (Written, error) {
	if err := pluginv1.CheckFilePath(path); err != nil {
		return Written{}, err
	}
	const name = "project"
	root, err := fileroot.Roots{name: folder}.Open(name)
	if err != nil {
		return Written{}, err
	}
	defer root.Close()
	w := Written{Path: root.Path(path)}
	before, err := root.Read(path)
	if err != nil {
		return w, err
	}
	var content []byte
	if before != nil {
		content = before.Content
	}
	after, err := Set(content, pairs)
	if err != nil {
		return w, fmt.Errorf("%s: %w", path, err)
	}
	w.Made, w.Same = before == nil, before != nil && before.Private && bytes.Equal(content, after)
	if err := CheckIgnored(root.Folder, path); err != nil || dry || w.Same {
		return w, err
	}
	now, err := root.Read(path)
	if err != nil {
		return w, err
	}
	if (now == nil) != (before == nil) || now != nil && !bytes.Equal(now.Content, content) {
		return w, fmt.Errorf("%s was changed while it was read: try again", path)
	}
	_, err = root.Write(path, after, true)
	return w, err
}
