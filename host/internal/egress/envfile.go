package egress

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/envfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/fileroot"
	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

const (
	// maxVariables bounds one edit of an env file.
	maxVariables = 100
	// minRandom and maxRandom bound a random value, in bytes.
	minRandom, maxRandom = 16, 64
	// unknownYet stands for a value that a dry run cannot know: it is of what the call makes, or random.
	unknownYet = "unknown-yet"
)

// envEdit is an edit of an env file, ready to be made.
type envEdit struct {
	*pluginv1.WriteFileRequest
	root   *fileroot.Root
	before *fileroot.Existing
	pairs  []envfile.Pair
	// planned says what is set, without secrets.
	planned plan.EnvFile
	// unknown says that a value is not known yet.
	unknown bool
	after   []byte
}

// writeEnv sets variables of an env file, and leaves the rest of it as it is. The plugin is told no secret, and the
// plan holds none.
func (c *Call) writeEnv(ctx context.Context, r *pluginv1.WriteFileRequest, root *fileroot.Root,
	before *fileroot.Existing) (*pluginv1.WrittenFile, *pluginv1.Failure) {
	name := fileName(r)
	e := &envEdit{WriteFileRequest: r, root: root, before: before,
		planned: plan.EnvFile{Folder: root.Folder, Private: true, Sets: map[string]string{}}}
	for _, v := range r.GetVariables() {
		if failure := c.variable(ctx, e, v); failure != nil {
			return nil, failure
		}
	}
	if err := e.edit(); err != nil {
		return nil, c.unwritten(name, err)
	}
	if e.same() && c.simulation.Written(name) == nil {
		return e.written(), nil
	}
	if failure := c.makeEdit(ctx, e); failure != nil {
		return nil, failure
	}
	return e.written(), nil
}

// makeEdit plans an edit, or makes it if it may be made.
func (c *Call) makeEdit(ctx context.Context, e *envEdit) *pluginv1.Failure {
	name := fileName(e.WriteFileRequest)
	change := c.plannedEdit(e)
	if c.grant.DryRun {
		if earlier := c.simulation.Written(name); earlier != nil {
			change.Before = earlier
		}
		if reason := c.tooMuch(len(change.Body) + len(change.Before)); reason != "" {
			return c.failed(pluginv1.Failure_CODE_REFUSED, fmt.Sprintf("%s was not written: %s", name, reason))
		}
		c.simulation.Apply(change)
		return nil
	}
	var step plan.Step
	if c.execution != nil {
		var reason string
		if step, reason = c.execution.Take(change); reason == "" {
			reason = c.execution.Check(step, change)
		}
		if reason != "" {
			deviation := &DeviationError{change.Request(), "written", reason}
			return c.notAsApproved(change.Method, change.Path, deviation).GetFailure()
		}
	} else if err := c.mayWrite(name, nil, nil); err != nil {
		return c.failed(pluginv1.Failure_CODE_REFUSED, err.Error())
	}
	if err := e.unchanged(); err != nil {
		return c.unwritten(name, err)
	}
	file := &pluginv1.WriteFileRequest{Root: e.GetRoot(), Path: e.GetPath(), Content: e.after, Private: true}
	after, failure := c.putFile(ctx, file, e.root, e.before)
	if failure == nil && c.execution != nil {
		change.After = c.envState(e.root, e.GetPath(), after).JSON()
		c.execution.Done(step, change)
	}
	return failure
}

// variable adds one variable to an edit.
func (c *Call) variable(ctx context.Context, e *envEdit, v *pluginv1.Variable) *pluginv1.Failure {
	name := v.GetName()
	has, err := e.has(name)
	if err != nil {
		return c.unwritten(fileName(e.WriteFileRequest), err)
	}
	var value string
	var failure *pluginv1.Failure
	hidden := true
	switch text := v.GetText(); {
	case v.GetStored() != nil:
		var path string
		if path, value, hidden, failure = c.storedText(ctx, v.GetStored()); hidden {
			e.puts("%s of %s as %s", v.GetStored().GetMember(), path, name)
		}
	case v.GetRandomBytes() != 0:
		if has {
			return nil
		}
		value = unknownYet
		if !c.grant.DryRun {
			random := make([]byte, v.GetRandomBytes())
			_, _ = rand.Read(random) // never fails
			value = hex.EncodeToString(random)
		}
		e.puts("%d random bytes as %s", v.GetRandomBytes(), name)
	case redact.Fingerprint(text) != "":
		value, failure = c.keptText(redact.Fingerprint(text))
		e.puts("%s as %s", text, name)
	default:
		value, hidden = text, false
	}
	switch {
	case failure != nil:
		return failure
	case !hidden:
		e.planned.Sets[name] = value
	case expands(value):
		return c.unwritten(fileName(e.WriteFileRequest), fmt.Errorf("the value for %s holds $(, ${ or a backtick, by which "+
			"Make and other programs run commands, and who approves the call does not see it", name))
	}
	if has {
		e.planned.Replaces = append(e.planned.Replaces, name)
	}
	e.unknown = e.unknown || value == unknownYet
	e.pairs = append(e.pairs, envfile.Pair{Key: name, Value: value})
	return nil
}

// expands reports whether a program that reads a value without minding quotation marks may replace a part of it, or run
// a command.
func expands(value string) bool {
	return strings.Contains(value, "$(") || strings.Contains(value, "${") || strings.Contains(value, "`")
}

func (e *envEdit) puts(format string, args ...any) {
	e.planned.Puts = append(e.planned.Puts, fmt.Sprintf(format, args...))
}

func (e *envEdit) content() []byte {
	if e.before == nil {
		return nil
	}
	return e.before.Content
}

func (e *envEdit) has(name string) (bool, error) { return envfile.Has(e.content(), name) }

// edit finds out what the file becomes, and whether it may hold secrets.
func (e *envEdit) edit() (err error) {
	if e.after, err = envfile.Set(e.content(), e.pairs); err != nil {
		return err
	}
	return envfile.CheckIgnored(e.root.Folder, e.GetPath())
}

// same reports whether the file has all its values already. On Windows modes do not tell whether it is private.
func (e *envEdit) same() bool {
	return !e.unknown && e.before != nil && bytes.Equal(e.content(), e.after) &&
		(e.before.Private || runtime.GOOS == "windows")
}

// unchanged is an error if the file is not what it was when the edit was prepared.
func (e *envEdit) unchanged() error {
	now, err := e.root.Read(e.GetPath())
	if err != nil {
		return err
	}
	if (now == nil) != (e.before == nil) || now != nil && !bytes.Equal(now.Content, e.before.Content) {
		return errors.New("it was changed meanwhile: try again")
	}
	return nil
}

func (e *envEdit) written() *pluginv1.WrittenFile {
	w := &pluginv1.WrittenFile{Path: fileName(e.WriteFileRequest), Replaced: e.before != nil}
	for _, pair := range e.pairs {
		w.Variables = append(w.Variables, pair.Key)
	}
	return w
}

// plannedEdit is an edit as a change of a plan.
func (c *Call) plannedEdit(e *envEdit) plan.Change {
	change := plan.Change{Method: plan.MethodWrite, Path: fileName(e.WriteFileRequest), Body: e.planned.JSON()}
	after := e.planned
	after.Folder = ""
	if e.before != nil {
		was := c.envState(e.root, e.GetPath(), e.before)
		change.Before = was.JSON()
		after.Bytes, after.State = was.Bytes, was.State
	}
	change.After = after.JSON()
	return change
}

// envState is an env file that is there, as a plan has it: by a fingerprint, since its content can be secret.
func (c *Call) envState(root *fileroot.Root, path string, file *fileroot.Existing) plan.EnvFile {
	place := redact.Place{Resource: root.Path(path), Member: "content"}
	marker := c.gate.key().Marker(place, string(file.Content))
	return plan.EnvFile{Bytes: len(file.Content), State: redact.Fingerprint(marker), Private: file.Private}
}

// storedText reads a text of a resource, which the call's tool must declare that it reads. In a dry run that of a
// resource which the call makes is unknownYet. path is the resource's, in the form in which it is sent. hidden is false
// if the text is no secret: others can have written it, and an approver sees it.
func (c *Call) storedText(ctx context.Context, s *pluginv1.Stored) (path, text string, hidden bool,
	_ *pluginv1.Failure) {
	r := &pluginv1.RoundTripRequest{CallId: c.id, Method: http.MethodGet, Path: s.GetPath()}
	checked, reason := c.policy(r)
	if reason != "" {
		text := fmt.Sprintf("%s %s was refused: %s", r.GetMethod(), clipped(r.GetPath()), reason)
		c.noteRefusal(text)
		return path, "", true, c.failed(pluginv1.Failure_CODE_REFUSED, text)
	}
	r = atPath(r, checked)
	path = r.GetPath()
	if answer, ok := c.simulation.Read(r.GetPath()); ok && c.grant.DryRun && answer.Status == http.StatusOK {
		return path, unknownYet, true, nil
	}
	doc := c.madeHere(r.GetPath())
	made := doc != nil
	if !made {
		answer := c.send(ctx, r)
		if failure := answer.GetFailure(); failure != nil {
			return path, "", true, failure
		}
		if doc = okJSON(answer); doc == nil {
			status := answer.GetResponse().GetStatus()
			return path, "", true, &pluginv1.Failure{Code: pluginv1.Failure_CODE_API, HttpStatus: status,
				Message: fmt.Sprintf("GET %s was answered with the status %d", r.GetPath(), status)}
		}
	}
	member := doc
	for step := range strings.SplitSeq(s.GetMember(), ".") {
		member = jsondoc.ValueOf(member, step)
	}
	if json.Unmarshal(member, &text) != nil || text == "" {
		return path, "", true, c.failed(pluginv1.Failure_CODE_FAILED_PRECONDITION, fmt.Sprintf("%s has no %s that this "+
			"session may read. Client secrets need the scope read:client_keys, and public applications have none",
			clipped(path), clipped(s.GetMember())))
	}
	if textHoldsMarker(text) {
		return path, "", true, c.failed(pluginv1.Failure_CODE_FAILED_PRECONDITION, fmt.Sprintf("the %s of %s is, or holds, "+
			"a secret of this session, which is put into no file", clipped(s.GetMember()), clipped(path)))
	}
	return path, text, made || isSecret(path, doc, text), nil
}

// isSecret reports whether a text of a resource is one of its secrets, or holds one.
func isSecret(path string, doc json.RawMessage, text string) bool {
	var schema *managementapi.Schema
	if o, _, ok := managementapi.Lookup(http.MethodGet, path); ok {
		schema = o.Answer
	}
	return slices.ContainsFunc(redact.Secrets(schema, doc), func(s redact.Secret) bool {
		return strings.Contains(text, s.Value)
	})
}

// keptText is a value that Auth0 has answered once, by the fingerprint in its marker.
func (c *Call) keptText(fingerprint string) (string, *pluginv1.Failure) {
	secret, err := c.gate.cfg.Vault.Get(fingerprint)
	if err == nil && secret.Tenant != c.domainNow() {
		err = fmt.Errorf("the secret with the fingerprint %q is of another tenant", fingerprint)
	}
	if err != nil {
		return "", c.failed(pluginv1.Failure_CODE_FAILED_PRECONDITION, err.Error())
	}
	return secret.Value, nil
}

// envPolicy says why variables may not be set; "" if they may.
func (c *Call) envPolicy(r *pluginv1.WriteFileRequest) string {
	if !pluginv1.IsEnvFile(path.Base(r.GetPath())) {
		return "variables are set only in files that are called like env files: .env, .env.local, production.env"
	}
	if len(r.GetContent()) > 0 || len(r.GetVariables()) > maxVariables {
		return fmt.Sprintf("an edit of an env file has no content, and at most %d variables", maxVariables)
	}
	for _, v := range r.GetVariables() {
		_, isRandom := v.GetValue().(*pluginv1.Variable_RandomBytes)
		marker := redact.FindMarkers(v.GetText())
		switch {
		case v.GetValue() == nil:
			return "a variable has no value"
		case v.GetStored() != nil && strings.ContainsFunc(v.GetStored().GetMember(), outsideMember):
			return "the member of a stored value is names of letters, digits, _ and -, separated by dots"
		case isRandom && (v.GetRandomBytes() < minRandom || v.GetRandomBytes() > maxRandom):
			return fmt.Sprintf("a random value has %d to %d bytes", minRandom, maxRandom)
		case len(marker) > 0 && redact.Fingerprint(v.GetText()) == "":
			return "a value is a text without markers of hidden values, or one marker"
		case (v.GetStored() != nil || len(marker) > 0) && !c.grant.Tool.Secrets:
			return c.grant.Tool.Name + ` does not declare "secrets"`
		}
	}
	return ""
}

// outsideMember reports whether a character is in no path of a member: a plan has it in a sentence.
func outsideMember(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune("_-.", r)
}
