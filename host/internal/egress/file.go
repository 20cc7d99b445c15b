package egress

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/fileroot"
	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// maxFileText is the longest text of a file that is there that a plan keeps, in bytes.
// What is written is always kept whole.
const maxFileText = 256 << 10

// WriteFile writes one file for a plugin's process below a root that the call's tool
// declares. It is a change like an HTTP request that writes: only for a call in progress,
// within the tool's declaration, held back in a dry run, bound to an approved plan, and on
// the audit log's disk before. plugin is as for RoundTrip. Failures are inside the response.
func (g *Gate) WriteFile(ctx context.Context, plugin string, r *pluginv1.WriteFileRequest) *pluginv1.WriteFileResponse {
	c := g.begin(r.GetCallId(), plugin)
	if c == nil {
		return fileFailure(&pluginv1.Failure{Code: pluginv1.Failure_CODE_CALL_ENDED,
			Message: fmt.Sprintf("%s was not written: it belongs to no call of plugin %s in progress", fileName(r), plugin)})
	}
	defer c.underWay.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()
	written, failure := c.writeFile(ctx, r)
	if failure != nil {
		return fileFailure(failure)
	}
	return &pluginv1.WriteFileResponse{Outcome: &pluginv1.WriteFileResponse_Written{Written: written}}
}

func fileFailure(f *pluginv1.Failure) *pluginv1.WriteFileResponse {
	return &pluginv1.WriteFileResponse{Outcome: &pluginv1.WriteFileResponse_Failure{Failure: f}}
}

// fileName names a file in plans, texts and the log: "project:src/.env". Before the path
// has been checked it is whatever the plugin gave, so it is bounded.
func fileName(r *pluginv1.WriteFileRequest) string {
	return fmt.Sprintf("%.64s:%.*s", r.GetRoot(), pluginv1.MaxFilePathBytes, r.GetPath())
}

// filePolicy says why a file may not be written, and by which rule; "" if it may.
func (c *Call) filePolicy(r *pluginv1.WriteFileRequest) (rule audit.Rule, reason string) {
	tool := c.grant.Tool
	var problem *pluginv1.PathError
	switch {
	case c.gate.cfg.ReadOnly:
		return audit.RuleReadOnly, "the server is read-only"
	case tool.Effect != pluginv1.EffectWrite && tool.Effect != pluginv1.EffectDestroy:
		return audit.RulePolicy, fmt.Sprintf("%s declares the effect %q", tool.Name, tool.Effect)
	case !slices.Contains(tool.Files, r.GetRoot()):
		return audit.RulePolicy, fmt.Sprintf("%s does not declare this root in files", tool.Name)
	case errors.As(pluginv1.CheckFilePath(r.GetPath()), &problem):
		return audit.RulePolicy, "its path " + problem.Problem
	case len(r.GetVariables()) > 0:
		return audit.RulePolicy, c.envPolicy(r)
	}
	return "", ""
}

// writeFile decides about a file, and writes it unless the call is a dry run. A call's
// files are written one after the other, which also bounds what is in memory.
func (c *Call) writeFile(ctx context.Context, r *pluginv1.WriteFileRequest) (*pluginv1.WrittenFile, *pluginv1.Failure) {
	name := fileName(r)
	if rule, reason := c.filePolicy(r); reason != "" {
		text := fmt.Sprintf("%s %s was refused: %s", plan.MethodWrite, name, reason)
		c.noteRefusal(text)
		c.refuseRequest(plan.MethodWrite, name, rule, reason)
		return nil, c.failed(pluginv1.Failure_CODE_REFUSED, text)
	}
	if len(r.GetContent()) > pluginv1.MaxBodyBytes {
		return nil, c.failed(pluginv1.Failure_CODE_TOO_LARGE,
			fmt.Sprintf("%s was not written: it is over %d bytes", name, pluginv1.MaxBodyBytes))
	}
	c.stepping.Lock()
	defer c.stepping.Unlock()
	root, err := c.gate.cfg.Files.Open(r.GetRoot())
	if err != nil {
		return nil, c.unwritten(name, err)
	}
	defer root.Close()
	before, err := root.Read(r.GetPath())
	if err != nil {
		return nil, c.unwritten(name, err)
	}
	if len(r.GetVariables()) > 0 {
		return c.writeEnv(ctx, r, root, before)
	}
	if isWritten(r, before) && c.simulation.Written(name) == nil {
		return written(r, true), nil
	}
	if c.grant.DryRun {
		return c.simulateFile(r, root.Folder, before)
	}
	if c.execution != nil {
		return c.writePlanned(ctx, r, root, before)
	}
	if err := c.mayWrite(name, nil, nil); err != nil {
		return nil, c.failed(pluginv1.Failure_CODE_REFUSED, err.Error())
	}
	if _, failure := c.putFile(ctx, r, root, before); failure != nil {
		return nil, failure
	}
	return written(r, before != nil), nil
}

// isWritten reports whether a file is what it shall be: to write it again would be no change.
func isWritten(r *pluginv1.WriteFileRequest, there *fileroot.Existing) bool {
	return there != nil && bytes.Equal(there.Content, r.GetContent()) && !there.Executable &&
		(there.Private || !r.GetPrivate())
}

// written answers a plugin, which is not told where the root is.
func written(r *pluginv1.WriteFileRequest, replaced bool) *pluginv1.WrittenFile {
	return &pluginv1.WrittenFile{Path: fileName(r), SizeBytes: int64(len(r.GetContent())), Replaced: replaced}
}

// writePlanned writes a file if it is the approved plan's next step.
func (c *Call) writePlanned(ctx context.Context, r *pluginv1.WriteFileRequest, root *fileroot.Root,
	before *fileroot.Existing) (*pluginv1.WrittenFile, *pluginv1.Failure) {
	change := plannedFile(r, root.Folder, onDisk(before))
	step, reason := c.execution.Take(change)
	if reason == "" {
		reason = c.execution.Check(step, change)
	}
	if reason != "" {
		e := &DeviationError{plan.MethodWrite + " " + change.Path, "written", reason}
		return nil, c.notAsApproved(plan.MethodWrite, change.Path, e).GetFailure()
	}
	after, failure := c.putFile(ctx, r, root, before)
	if failure != nil {
		return nil, failure
	}
	change.After = onDisk(after)
	c.execution.Done(step, change)
	return written(r, before != nil), nil
}

// plannedFile is a file to be written as a change of a plan.
func plannedFile(r *pluginv1.WriteFileRequest, folder string, before json.RawMessage) plan.Change {
	file := plan.File{Folder: folder, Private: r.GetPrivate()}
	file.Set(r.GetContent(), pluginv1.MaxBodyBytes)
	change := plan.Change{Method: plan.MethodWrite, Path: fileName(r), Body: file.JSON(), Before: before}
	var was plan.File
	if json.Unmarshal(before, &was) == nil && was.Private {
		file.Private = true
	}
	change.After = file.JSON()
	return change
}

// onDisk is a file that is there as a plan has it; nil: none.
func onDisk(file *fileroot.Existing) json.RawMessage {
	if file == nil {
		return nil
	}
	doc := plan.File{Private: file.Private, Executable: file.Executable}
	doc.Set(file.Content, maxFileText)
	return doc.JSON()
}

// simulateFile notes what a dry run would write.
func (c *Call) simulateFile(r *pluginv1.WriteFileRequest, folder string,
	before *fileroot.Existing) (*pluginv1.WrittenFile, *pluginv1.Failure) {
	change := plannedFile(r, folder, onDisk(before))
	if earlier := c.simulation.Written(change.Path); earlier != nil {
		change = plannedFile(r, folder, earlier)
	}
	if reason := c.tooMuch(len(change.Body) + len(change.Before)); reason != "" {
		c.refuseRequest(plan.MethodWrite, change.Path, audit.RulePlan, reason)
		return nil, c.failed(pluginv1.Failure_CODE_REFUSED, fmt.Sprintf("%s was not written: %s", change.Path, reason))
	}
	c.simulation.Apply(change)
	return written(r, change.Before != nil), nil
}

// putFile records that a file is to be written, writes it, and notes in the outcome what
// became of it. It is written whole or not at all, so nothing about it is uncertain.
func (c *Call) putFile(ctx context.Context, r *pluginv1.WriteFileRequest, root *fileroot.Root,
	before *fileroot.Existing) (*fileroot.Existing, *pluginv1.Failure) {
	name := fileName(r)
	if ctx.Err() != nil {
		return nil, c.failed(pluginv1.Failure_CODE_CALL_ENDED, name+" was not written: the call ended")
	}
	domain := c.tenant("")
	if domain == "" {
		domain = c.gate.cfg.Domain
	}
	record := c.grant.Audit.Request(plan.MethodWrite, root.Path(r.GetPath()), true)
	if err := record.Sending(domain); err != nil {
		rule := audit.RuleAudit
		var tooMany *audit.WriteLimitError
		if errors.As(err, &tooMany) {
			rule = audit.RuleWriteLimit
		}
		record.End(audit.Answer{Outcome: audit.NotSent, Rule: rule})
		c.mu.Lock()
		c.outcome.Unsent++
		c.mu.Unlock()
		return nil, c.notRecordedFailure(&NotRecordedError{name, "written", err}).GetFailure()
	}
	// A file that was for its owner only stays so.
	after, err := root.Write(r.GetPath(), r.GetContent(), r.GetPrivate() || before != nil && before.Private)
	if err != nil {
		record.End(audit.Answer{Outcome: audit.Error})
		return nil, c.unwritten(name, err)
	}
	record.End(audit.Answer{Outcome: audit.OK})
	c.mu.Lock()
	defer c.mu.Unlock()
	// Its contents are left out: only an approver is shown them.
	c.outcome.Changes = append(c.outcome.Changes, plan.Change{Method: plan.MethodWrite, Path: name})
	return after, nil
}

// failed is a failure in the host's words, which the outcome remembers.
func (c *Call) failed(code pluginv1.Failure_Code, text string) *pluginv1.Failure {
	return c.fails(code, text).GetFailure()
}

// unwritten is the failure of a file that cannot be written where it should be.
func (c *Call) unwritten(name string, err error) *pluginv1.Failure {
	return c.failed(pluginv1.Failure_CODE_FAILED_PRECONDITION, fmt.Sprintf("%s was not written: %v", name, err))
}
