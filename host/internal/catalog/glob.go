package catalog

// MatchGlob reports whether the whole of name matches pattern: "*" matches any run of characters, including none, "?"
// exactly one, everything else itself.
func MatchGlob(pattern, name string) bool {
	p, n := []rune(pattern), []rune(name)
	pi, ni := 0, 0
	// Where to continue when the characters after the latest "*" do not fit: the
	// star then takes one character more. Earlier stars never need another look.
	star, resume := -1, 0
	for ni < len(n) {
		switch {
		case pi < len(p) && p[pi] == '*':
			star, resume = pi, ni
			pi++
		case pi < len(p) && (p[pi] == '?' || p[pi] == n[ni]):
			pi++
			ni++
		case star >= 0:
			resume++
			pi, ni = star+1, resume
		default:
			return false
		}
	}
	for pi < len(p) && p[pi] == '*' {
		pi++
	}
	return pi == len(p)
}
