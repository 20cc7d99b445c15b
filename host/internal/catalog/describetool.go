package catalog

const describeToolName = "auth0_describe_tool"
