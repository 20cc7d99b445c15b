package sdk

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/grpc"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Variable is a variable of an env file with where its value comes from: [SetText], [SetStored] or [SetRandom].
type Variable struct{ message *pluginv1.Variable }

// SetText is a variable with a value that is no secret, or with the marker of a hidden value that the host keeps.
func SetText(name, value string) Variable {
	return Variable{&pluginv1.Variable{Name: name, Value: &pluginv1.Variable_Text{Text: value}}}
}

// SetStored is a variable whose value the host takes from a resource of the tenant, such as ("AUTH0_CLIENT_SECRET",
// "/api/v2/clients/abc", "client_secret"). The plugin does not see it. The tool must declare that it reads the
// resource, and [PutsSecrets].
func SetStored(name, path, member string) Variable {
	return Variable{&pluginv1.Variable{Name: name, Value: &pluginv1.Variable_Stored{
		Stored: &pluginv1.Stored{Path: path, Member: member}}}}
}

// SetRandom is a variable that gets that many random bytes, 16 to 64, in hexadecimal digits, unless it has a value.
func SetRandom(name string, bytes int32) Variable {
	return Variable{&pluginv1.Variable{Name: name, Value: &pluginv1.Variable_RandomBytes{RandomBytes: bytes}}}
}

// Name is the variable's name.
func (v Variable) Name() string { return v.message.GetName() }

// String is the variable with where its value comes from.
func (v Variable) String() string {
	switch value := v.message.GetValue().(type) {
	case *pluginv1.Variable_Stored:
		return fmt.Sprintf("%s from %s %s", v.Name(), value.Stored.GetPath(), value.Stored.GetMember())
	case *pluginv1.Variable_RandomBytes:
		return fmt.Sprintf("%s from %d random bytes", v.Name(), value.RandomBytes)
	}
	return v.Name() + "=" + v.message.GetText()
}

// EnvFile is an env file (dotenv) of which the host sets variables.
type EnvFile struct {
	// Root and Path are as in [File].
	Root, Path string
	Variables  []Variable
}

// SetEnv asks the host to set variables of an env file, which is a change as in [Call.WriteFile]. The rest of the file
// stays, it is readable by its owner only, and is written only if git ignores it.
func (c *Call) SetEnv(ctx context.Context, f EnvFile) (WrittenFile, error) {
	if err := c.knowsProjects(f.Path + " was not written"); err != nil {
		return WrittenFile{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()
	request := &pluginv1.WriteFileRequest{CallId: c.id, Root: f.Root, Path: f.Path, Private: true}
	for _, v := range f.Variables {
		request.Variables = append(request.Variables, v.message)
	}
	answer, err := c.host.WriteFile(ctx, request, grpc.MaxCallSendMsgSize(pluginv1.MaxMessageBytes))
	switch {
	case ctx.Err() != nil:
		return WrittenFile{}, ctx.Err()
	case err != nil:
		return WrittenFile{}, fmt.Errorf("writing %s: the host did not answer: %w", f.Path, err)
	case answer.GetFailure() != nil:
		return WrittenFile{}, &Error{answer.GetFailure()}
	}
	written := answer.GetWritten()
	return WrittenFile{Path: written.GetPath(), Replaced: written.GetReplaced(), Variables: written.GetVariables()}, nil
}

// ProjectFiles are files of a user's project.
type ProjectFiles struct {
	// Folder is the project's, relative to the root and with forward slashes; empty: the root.
	Folder string
	// Files are the contents of files by their paths, relative to the folder. What is too large is empty.
	Files map[string][]byte
}

// ReadFiles reads the files of a project that the tool declares with [Reads]. folder is relative to the root, or an
// absolute path of the root or below it, as users name it; empty: the root.
func (c *Call) ReadFiles(ctx context.Context, root, folder string) (ProjectFiles, error) {
	if err := c.knowsProjects("no files were read"); err != nil {
		return ProjectFiles{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()
	answer, err := c.host.ReadFiles(ctx, &pluginv1.ReadFilesRequest{CallId: c.id, Root: root, Folder: folder},
		grpc.MaxCallRecvMsgSize(pluginv1.MaxMessageBytes))
	switch {
	case ctx.Err() != nil:
		return ProjectFiles{}, ctx.Err()
	case err != nil:
		return ProjectFiles{}, fmt.Errorf("reading files: the host did not answer: %w", err)
	case answer.GetFailure() != nil:
		return ProjectFiles{}, &Error{answer.GetFailure()}
	}
	found := ProjectFiles{Folder: answer.GetFound().GetFolder(), Files: map[string][]byte{}}
	for _, file := range answer.GetFound().GetFiles() {
		found.Files[file.GetPath()] = file.GetContent()
	}
	return found, nil
}

// knowsProjects fails if the host is of a version that has no such method.
func (c *Call) knowsProjects(what string) error {
	if slices.Contains(c.host.capabilities, pluginv1.CapabilityProjectFiles) {
		return nil
	}
	return newError(pluginv1.Failure_CODE_FAILED_PRECONDITION, "%s: this host cannot do that: update auth0-mcp", what)
}
