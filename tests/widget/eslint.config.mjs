// The lint of the browser's sources (`python -m tests.widget.scripts`). By hand, so that ESLint alone is needed. What is
// not defined, or defined and not used, TypeScript tells (jsconfig.json).

const rules = Object.fromEntries([
  "array-callback-return", "constructor-super", "default-case-last", "eqeqeq", "for-direction", "getter-return",
  "no-async-promise-executor", "no-caller", "no-class-assign", "no-compare-neg-zero", "no-cond-assign",
  "no-const-assign", "no-constant-binary-expression", "no-constant-condition", "no-constructor-return",
  "no-control-regex", "no-debugger", "no-delete-var", "no-dupe-args", "no-dupe-class-members", "no-dupe-else-if",
  "no-dupe-keys", "no-duplicate-case", "no-duplicate-imports", "no-else-return", "no-empty-character-class",
  "no-empty-pattern", "no-eval", "no-ex-assign", "no-extend-native", "no-extra-bind", "no-fallthrough",
  "no-func-assign", "no-implied-eval", "no-import-assign", "no-inner-declarations", "no-invalid-regexp",
  "no-irregular-whitespace", "no-loss-of-precision", "no-misleading-character-class", "no-new-func", "no-new-wrappers",
  "no-obj-calls", "no-proto", "no-prototype-builtins", "no-redeclare", "no-regex-spaces", "no-return-assign",
  "no-script-url", "no-self-assign", "no-self-compare", "no-sequences", "no-setter-return", "no-shadow",
  "no-shadow-restricted-names", "no-sparse-arrays", "no-this-before-super", "no-throw-literal",
  "no-unexpected-multiline", "no-unmodified-loop-condition", "no-unreachable", "no-unsafe-finally",
  "no-unsafe-negation", "no-unsafe-optional-chaining", "no-unused-expressions", "no-unused-labels",
  "no-unused-private-class-members", "no-useless-backreference", "no-useless-call", "no-useless-catch",
  "no-useless-escape", "no-useless-rename", "no-useless-return", "no-var", "object-shorthand", "prefer-const",
  "prefer-promise-reject-errors", "prefer-rest-params", "prefer-spread", "radix", "require-yield", "use-isnan",
  "valid-typeof",
].map((name) => [name, "error"]));

export default [{
  files: ["**/*.js"],
  languageOptions: { ecmaVersion: 2022, sourceType: "module" },
  linterOptions: { reportUnusedDisableDirectives: "error" },
  rules: {
    ...rules,
    "no-console": ["error", { allow: ["warn"] }],
    "no-restricted-properties": ["error", ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map(
      (property) => ({ property, message: "Text goes in as text: dom.js." }),
    )],
    "max-lines": ["error", 400],
    "max-depth": ["error", 4],
    "max-params": ["error", 4],
    complexity: ["error", 18],
  },
}];
