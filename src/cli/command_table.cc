#include "cli/command_line.h"
#include "cli/verbs.h"

namespace parquedb {
namespace {

constexpr OptionSpec kAt{"--at", "T", "as of this instant (parquedb help time)"};
constexpr OptionSpec kFilter{"--filter", "J", "MongoDB filter, as JSON (parquedb help filters)"};
constexpr OptionSpec kNamespace{"--namespace", "NS", "only this namespace"};
constexpr OptionSpec kConfirm{"--confirm", "", "don't ask"};
constexpr OptionSpec kYes{"--yes", "", "= --confirm"};
constexpr OptionSpec kDryRun{"--dry-run", "", "print the plan, change nothing"};
constexpr OptionSpec kAcceptClock{"--accept-clock", "", "write although the clock is behind the last event"};
constexpr OptionSpec kLockTimeout{"--lock-timeout", "D", "wait so long for another writer (10s)"};
constexpr OptionSpec kExplain{"--explain", "", "say what was read and what was pruned"};
constexpr OptionSpec kOwner{"--owner", "O", "owner of the backups (PARQUEDB_OWNER, else the login name)"};

constexpr std::string_view kStrategies = "manual|local-wins|remote-wins|newest";
constexpr std::string_view kEntityFormats = "table|json|ndjson";
constexpr std::string_view kRowFormats = "table|json|ndjson|csv";

// The option of what may take long.
constexpr OptionSpec kProgress{"--progress", "auto|json|none", "a bar on a terminal, else lines (auto); or JSON lines"};

std::vector<OptionSpec> Writing(std::vector<OptionSpec> options) {
  options.push_back(kAcceptClock);
  options.push_back(kLockTimeout);
  return options;
}

// One document, or some, and what is asked of them.
std::vector<CommandSpec> Documents() {
  return {
      {"init",
       "[DIR]",
       "make an empty database",
       "parquedb init ./shop --name shop",
       {{"--name", "N", "the database's name; else the folder's"}, kDryRun},
       RunInit},
      {"create", "NS", "write a new document", "parquedb create posts --id hello --data '{\"title\":\"Hello\"}'",
       Writing({{"--id", "ID", "its id; else a ULID"},
                {"--data", "JSON", "the document; - reads standard input"},
                kDryRun}),
       RunCreate, kEntityFormats},
      {"get",
       "NS/ID",
       "print one document",
       "parquedb get posts/hello\nparquedb get posts/hello --at \"1h ago\"",
       {kAt},
       RunGet,
       kEntityFormats},
      {"update", "NS/ID", "change one document", "parquedb update posts/hello --data '{\"$set\":{\"title\":\"Hi\"}}'",
       Writing({{"--data", "JSON", "MongoDB update operators (parquedb help updates), or plain fields"},
                {"--if-version", "N", "only if it has this version (14 else)"},
                kDryRun}),
       RunUpdate, kEntityFormats},
      {"delete", "NS/ID", "delete one document; with a namespace and --filter some",
       "parquedb delete posts/hello\nparquedb delete posts --filter '{\"draft\":true}' --confirm",
       Writing({kFilter, kConfirm, kYes, kDryRun}), RunDelete},
      {"link", "NS/ID PREDICATE NS/ID", "link one document to another", "parquedb link posts/hello author users/ann",
       Writing({{"--allow-missing", "", "the target need not exist"}, kDryRun}), RunLink, kEntityFormats},
      {"unlink", "NS/ID PREDICATE NS/ID", "take a link away", "parquedb unlink posts/hello author users/ann",
       Writing({kDryRun}), RunUnlink, kEntityFormats},
      {"query",
       "NS",
       "find documents, now or as of any instant",
       "parquedb query posts --filter '{\"status\":\"published\"}' --sort=-views --limit 10\nparquedb query posts --at "
       "yesterday --count\nparquedb query posts --from /backups/ann/shop --at \"1d ago\"",
       {kAt,
        kFilter,
        {"--id", "NS/ID", "only this entity"},
        {"--sort", "J", "{\"field\":1} or field,-other"},
        {"--limit", "N", "at most so many"},
        {"--skip", "N", "leave out the first"},
        {"--fields", "a,b", "only these fields"},
        {"--count", "", "only how many"},
        kExplain,
        {"--threads", "N", "that read the data file; else as many as there are cores"},
        {"--from", "REMOTE", "in a backup, without restoring it"},
        kOwner},
       RunQuery,
       kRowFormats},
  };
}

// Files in and out.
std::vector<CommandSpec> Files() {
  return {
      {"import", "", "read a file into the database, all or nothing",
       "parquedb import --file posts.ndjson --namespace posts\nparquedb import --file cities.csv.gz --namespace cities "
       "--id-field city --infer --on-conflict replace\nparquedb import --events history.ndjson",
       Writing(
           {{"--file", "F", ".ndjson, .json (an array), .csv or .parquet, also .gz and .zst; - reads standard input"},
            {"--events", "F", "a history, an event a line; - reads standard input"},
            {"--namespace", "NS", "where records without $id go; of an export, what to take"},
            {"--into", "NS", "what is taken goes into this namespace"},
            {"--id-field", "F", "this field's text is the id"},
            {"--on-conflict", "error|replace|skip", "for ids that are there: 14 (default), one UPDATE, or nothing"},
            {"--input-format", "K", "ndjson, json, csv or parquet, where the name does not say it"},
            {"--infer", "", "of CSV: cells that are a JSON number, true or false become that"},
            kDryRun,
            kProgress}),
       RunImport},
      {"export",
       "",
       "write the state at an instant to a file",
       "parquedb export --at \"2026-02-01T12:00:00Z\" --output snapshot.parquet\nparquedb export --namespace posts "
       "--format csv",
       {kAt, kNamespace, kExplain, kProgress},
       RunExport,
       "ndjson|json|csv|parquet"},
  };
}

// The event log: looked through, and taken back to.
std::vector<CommandSpec> History() {
  return {
      {"events",
       "",
       "the audit trail",
       "parquedb events --filter '{\"op\":\"DELETE\"}' --after yesterday --namespace posts\nparquedb events --entity "
       "posts/hello --format detailed\nparquedb events --follow --limit 3\nparquedb events --from /backups/ann/shop",
       {kFilter,
        kNamespace,
        {"--after", "T", "at or after"},
        {"--before", "T", "before"},
        {"--entity", "NS/ID", "of this entity"},
        {"--actor", "A", "by this actor"},
        {"--limit", "N", "at most so many"},
        {"--reverse", "", "newest first"},
        {"--follow", "", "go on with what is written from now on, until Ctrl-C or the limit"},
        {"--from", "REMOTE", "of a backup, without restoring it"},
        kOwner},
       RunEvents,
       "table|json|ndjson|csv|detailed"},
      {"diff",
       "",
       "what was added, removed and changed between two instants, by whom",
       "parquedb diff --from yesterday --to latest\nparquedb diff --from lsn:1 --to \"1h ago\" --namespace posts "
       "--json",
       {{"--from", "T", "the earlier instant"}, {"--to", "T", "the later one"}, kNamespace},
       RunDiff,
       "table|json|ndjson"},
      {"bisect",
       "",
       "the first event after which a command fails",
       "parquedb bisect --good lsn:1 --bad latest --check 'parquedb get posts/hello'\nparquedb bisect --good lsn:1 "
       "--bad latest --check 'test $(parquedb query posts --count --json | tr -dc 0-9) -gt 0'",
       {{"--good", "T", "an instant at which the command succeeds"},
        {"--bad", "T", "a later one at which it fails"},
        {"--check", "CMD", "run by the shell; PARQUEDB_PATH names a database with the state to look at"}},
       RunBisect},
      {"restore", "", "bring records, a namespace or the whole database back from the event log, or undo an actor",
       "parquedb restore --entity posts/hello --at \"10m ago\"\nparquedb restore --entity posts/hello --with-links 1 "
       "--at \"10m ago\" --dry-run\nparquedb restore --namespace posts --at \"2026-02-01T11:59:00Z\" --confirm\n"
       "parquedb restore --filter '{\"status\":\"published\"}' --at \"1h ago\" --confirm\nparquedb restore "
       "--undo-actor "
       "mallory --from \"1h ago\" --to latest --dry-run\nparquedb restore --all --to ./restored --at yesterday",
       Writing({kAt,
                {"--entity", "NS/ID", "one record"},
                {"--namespace", "NS", "a namespace, or several: a,b"},
                {"--filter", "J", "what this filter selects of the records as they were at T"},
                {"--with-links", "N", "also the records linked to at T, up to N links away"},
                {"--undo-actor", "A", "take back what A wrote behind --from, through --to"},
                {"--from", "T", "with --undo-actor: the instant before its changes"},
                {"--to", "DIR", "with --all: a new directory; with --undo-actor: the instant T that ends its changes"},
                {"--force", "", "with --undo-actor: also where others wrote since"},
                {"--all", "", "everything, with --to: the database as it was, with its log up to then"},
                {"--from-event-log", "", "the default source"},
                kExplain,
                kConfirm,
                kYes,
                kDryRun,
                kProgress}),
       RunRestore},
      {"drop", "NS", "delete every document of a namespace", "parquedb drop posts --confirm",
       Writing({kConfirm, kYes, kDryRun}), RunDrop},
  };
}

// The database as a whole.
std::vector<CommandSpec> Upkeep() {
  return {
      {"tag", "[NAME]", "give an instant a name, or list the names",
       "parquedb tag before-cleanup\nparquedb tag start --at lsn:1\nparquedb tag\nparquedb tag before-cleanup --remove",
       Writing({kAt, {"--remove", "", "forget the name"}, kDryRun}), RunTag},
      {"list",
       "[DIR]",
       "the files of the database, in copying order",
       "parquedb list --format paths",
       {},
       RunList,
       "table|json|ndjson|csv|paths"},
      {"stats",
       "[DIR]",
       "counts, sizes, the restorable window",
       "parquedb stats ./shop\nparquedb stats /backups",
       {kOwner},
       RunStats,
       "table|json|csv"},
      {"flush", "", "turn the WAL into a segment", "parquedb flush", Writing({kDryRun}), RunFlush},
      {"checkpoint", "", "bring data, relationship and bloom files up to the head", "parquedb checkpoint",
       Writing({kDryRun, kProgress}), RunCheckpoint},
      {"window",
       "[DIR]",
       "the instants that can be restored",
       "parquedb window\nparquedb window /backups",
       {kOwner},
       RunWindow},
      {"verify",
       "[DIR]",
       "prove that a database or a backup is whole and equals its log",
       "parquedb verify ./restored --compare ./original\nparquedb verify --level hash",
       {kOwner,
        {"--compare", "REMOTE", "compare with this database, or this backup"},
        {"--level", "quick|hash|full|replay", "how deep (replay)"},
        kProgress},
       RunVerify,
       "table|json|detailed"},
  };
}

// Backups.
std::vector<CommandSpec> Backups() {
  return {
      {"push",
       "",
       "back up to a remote",
       "parquedb push --to /backups --slug shop\nparquedb push --dry-run",
       {{"--to", "REMOTE", "where to; may be given several times"},
        {"--slug", "S", "name of the backup; else the database's"},
        kOwner,
        {"--visibility", "private|unlisted|public", "who may see it (private)"},
        {"--strategy", "manual|local-wins|remote-wins", "when the backup has more than is here (manual: stop)"},
        {"--full", "", "renew derived files"},
        kDryRun,
        kProgress},
       RunPush},
      {"pull", "REF", "make a database from a backup, or bring a copy up to it",
       "parquedb pull /backups/ann/shop --directory ./restored\nparquedb pull /backups/ann/shop --directory ./restored "
       "--at yesterday\nparquedb pull /backups/ann/shop --directory ./some --namespaces posts,users",
       Writing({kAt,
                {"--namespaces", "a,b",
                 "only these, as a new database; into one that is there with --strategy remote-wins"},
                {"--strategy", kStrategies,
                 "remote-wins: the backup's state, by new events; the others stop (14) where both have changed"},
                kOwner,
                kDryRun,
                kProgress}),
       RunPull},
      {"sync", "", "push what is ahead of a backup, pull what is behind it",
       "parquedb sync --with /backups\nparquedb sync --status",
       Writing({{"--with", "REMOTE", "the remote; else the default one"},
                {"--status", "", "only say how the two stand to each other"},
                {"--strategy", kStrategies, "for what both have changed; so far each stops there (14)"},
                {"--slug", "S", "name of the backup; else the database's"},
                kOwner,
                {"--visibility", "private|unlisted|public", "who may see it (private)"},
                kDryRun,
                kProgress}),
       RunSync},
      {"backups",
       "[REMOTE]",
       "the backups on a remote",
       "parquedb backups /backups",
       {kOwner},
       RunBackups,
       kRowFormats},
  };
}

// What calls need not say again.
std::vector<CommandSpec> SettingUp() {
  return {
      {"remote",
       "add|list|show|remove [NAME] [URL]",
       "names for remotes",
       "parquedb remote add nas /backups\nparquedb remote list\nparquedb remote show nas\nparquedb remote remove nas",
       {{"--global", "", "in the user's config.toml, not in the database's parquedb.toml"}, kDryRun},
       RunRemote},
      {"config",
       "show",
       "every setting, and where it comes from",
       "parquedb config show --origin",
       {{"--origin", "", "also where each comes from"}},
       RunConfig},
  };
}

// The program itself.
std::vector<CommandSpec> About() {
  return {
      {"help", "[TOPIC]", "this text, a verb's, or a topic's", "parquedb help time", {}, RunHelp},
      {"completion",
       "bash|zsh|fish|words [WORD...]",
       "the completion script of a shell",
       "parquedb completion bash > ~/.parquedb-completion.bash\nparquedb completion zsh\nparquedb completion fish\n"
       "parquedb completion words -- query --lim",
       {},
       RunCompletion},
      {"generate",
       "",
       "write the manual: man pages, or the reference in Markdown",
       "parquedb generate --man ./man1\nparquedb generate --reference ./cli.md",
       {{"--man", "DIR", "a man page for each verb, and parquedb.1"},
        {"--reference", "FILE", "the whole reference as one page"}},
       RunGenerate},
      {"version", "", "the program's version", "parquedb version", {}, RunVersion},
  };
}

// In the order of the help.
std::vector<CommandSpec> MakeCommands() {
  std::vector<CommandSpec> commands;
  for (auto group : {&Documents, &Files, &History, &Upkeep, &Backups, &SettingUp, &About}) {
    for (CommandSpec& command : group()) {
      command.takes_settings = group != &About;
      commands.push_back(std::move(command));
    }
  }
  return commands;
}

}  // namespace

const std::vector<CommandSpec>& Commands() {
  static const std::vector<CommandSpec> commands = MakeCommands();
  return commands;
}

const std::vector<OptionSpec>& CommonOptions() {
  static const std::vector<OptionSpec> options = {
      {"--directory", "DIR", "the database (PARQUEDB_PATH, else the current folder)", 'd'},
      {"--format", "F", "table, json, ndjson, … (parquedb help formats)"},
      {"--json", "", "= --format json"},
      {"--output", "FILE", "write the answer to a file"},
      {"--operator", "NAME", "the actor of what is written (PARQUEDB_OPERATOR, else the login name)"},
      {"--quiet", "", "no progress, no notes"},
      {"--verbose", "", "also plans and timings"},
      {"--help", "", "help on the verb", 'h'},
      {"--version", "", "the program's version"},
  };
  return options;
}

}  // namespace parquedb
