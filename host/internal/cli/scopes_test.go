package cli

import "testing"

func TestToolsOfAScopeFitTheLine(t *testing.T) {
	names := []string{"list_actions", "get_action", "deploy_action"}
	for width, want := range map[int]string{
		39: "list_actions, get_action, deploy_action",
		38: "list_actions, get_action, +1",
		20: "list_actions, +2",
		3:  "list_actions, +2",
	} {
		if got := upTo(names, width); got != want {
			t.Errorf("%d: %q, want %q", width, got, want)
		}
	}
	if got := upTo([]string{"list_logs"}, 3); got != "list_logs" {
		t.Errorf("one name: %q", got)
	}
}
