package cli

import (
	"strings"
	"testing"
)

func TestToolsOfAScopeFitTheLine(t *testing.T) {
	names := []string{"list_actions", "get_action", "deploy_action"}
	for width, want := range map[int]string{
		39: "list_actions, get_action, deploy_action",
		38: "list_actions, get_action, +1",
		20: "list_actions, +2",
		15: "3 tools",
		3:  "3 tools",
	} {
		if got := upTo(names, width); got != want {
			t.Errorf("%d: %q, want %q", width, got, want)
		}
	}
	if got := upTo([]string{"list_logs"}, 9); got != "list_logs" {
		t.Errorf("one name: %q", got)
	}
}

func TestNumbersSelectScopes(t *testing.T) {
	names := []string{"a", "b", "c", "d"}
	for answer, want := range map[string]string{
		"1": "a", "2,4": "b d", "2-4": "b c d", "1 3": "a c", "3,1-3": "c a b", "ALL": "a b c d",
		"": "!", ",": "!", "0": "!", "5": "!", "2-5": "!", "3-2": "!", "x": "!", "-1": "!", "1,x": "!",
	} {
		got, err := numbered(answer, names)
		if err != nil {
			got = []string{"!"}
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%q: %q, want %q", answer, text, want)
		}
	}
}
