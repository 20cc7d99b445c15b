package egress

import (
	"fmt"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// ReadFiles reads the files of a user's project that the tool of a call in progress declares. plugin is as for
// RoundTrip. Failures are inside the response.
func (g *Gate) ReadFiles(plugin string, r *pluginv1.ReadFilesRequest) *pluginv1.ReadFilesResponse {
	c := g.begin(r.GetCallId(), plugin)
	if c == nil {
		return unread(&pluginv1.Failure{Code: pluginv1.Failure_CODE_CALL_ENDED,
			Message: fmt.Sprintf("no files were read: they belong to no call of plugin %s in progress", plugin)})
	}
	defer c.underWay.Done()
	found, failure := c.readFiles(r)
	if failure != nil {
		return unread(failure)
	}
	return &pluginv1.ReadFilesResponse{Outcome: &pluginv1.ReadFilesResponse_Found{Found: found}}
}

func unread(f *pluginv1.Failure) *pluginv1.ReadFilesResponse {
	return &pluginv1.ReadFilesResponse{Outcome: &pluginv1.ReadFilesResponse_Failure{Failure: f}}
}

func (c *Call) readFiles(r *pluginv1.ReadFilesRequest) (*pluginv1.FoundFiles, *pluginv1.Failure) {
	var rules []pluginv1.ReadRule
	for _, text := range c.grant.Tool.Reads {
		rule, err := pluginv1.ParseReadRule(text)
		if err == nil && rule.Root == r.GetRoot() {
			rules = append(rules, rule)
		}
	}
	if len(rules) == 0 {
		text := fmt.Sprintf("reading files below %.64s was refused: %s does not declare any in reads", r.GetRoot(),
			c.grant.Tool.Name)
		c.noteRefusal(text)
		c.refuseRequest("READ", fmt.Sprintf("%.64s:", r.GetRoot()), audit.RulePolicy, "it declares no such reads")
		return nil, c.failed(pluginv1.Failure_CODE_REFUSED, text)
	}
	unread := func(err error) *pluginv1.Failure {
		return c.failed(pluginv1.Failure_CODE_FAILED_PRECONDITION, "no files of the project were read: "+err.Error())
	}
	root, err := c.gate.cfg.Files.Open(r.GetRoot())
	if err != nil {
		return nil, unread(err)
	}
	defer root.Close()
	folder, err := root.Below(r.GetFolder())
	if err != nil {
		return nil, unread(err)
	}
	list, err := root.Find(folder, rules)
	if err != nil {
		return nil, unread(err)
	}
	found := &pluginv1.FoundFiles{Folder: folder}
	for _, file := range list {
		found.Files = append(found.Files, &pluginv1.FoundFile{Path: file.Path, Content: file.Content})
	}
	return found, nil
}
