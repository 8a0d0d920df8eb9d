#include "boot/commands.hpp"
#include "boot/platform/pages.hpp"
#include "boot/platform/volumes.hpp"
#include "model/formats/format.hpp"

namespace boot {
namespace {

constexpr const char* kFolder = "\\models";
constexpr uint64_t kMaxVolumes = 64;

bool may_be_model(const platform::DirectoryEntry& entry) {
  const rt::Text name = entry.name;
  return !entry.directory && (name.ends_with(".bin") || name.ends_with(".BIN")) &&
         !name.ends_with("tokenizer.bin") && !name.starts_with("tok");
}

/// One line: the file, its size, and the shape that its head states or why it is no model.
rt::Result<void> describe(platform::Volume& volume, const platform::DirectoryEntry& entry, const Terminal& terminal) {
  char path[800];
  const rt::Text name = rt::print_to({path, sizeof path}, "%s\\%s", kFolder, entry.name);
  rt::print(terminal.console, "  %-36pT %8.1f MiB  ", &name, double(entry.size) / (1 << 20));
  platform::PageBlocks pages(platform::MemoryUse::buffer, "the list of models");
  rt::Arena arena(pages);
  rt::Result<rt::Span<uint8_t>> buffer = arena.make_raw<uint8_t>(1024);
  if (!buffer) return buffer.error();
  rt::Result<platform::File> file = volume.open_file(name);
  if (!file) return file.error();
  platform::FileSource source(*file, *buffer);
  model::Stream stream(source);
  rt::Result<const model::ModelFile*> model = model::open_model(stream, arena);
  if (!model) return model.error();
  const model::ModelInfo& info = (*model)->info();
  rt::print(terminal.console, "%s, dim %u, %u layers, %'u tokens, context %'u\n", info.weights, info.config.dim,
            info.config.n_layers, info.config.vocab_size, info.config.seq_len);
  return {};
}

void list(platform::Volume& volume, const platform::DirectoryEntry& entry, const Terminal& terminal) {
  const rt::Result<void> done = describe(volume, entry, terminal);
  if (done) return;
  const rt::Error& error = done.error();
  const bool other = error.code == rt::Errc::bad_file || error.code == rt::Errc::unsupported;
  rt::print(terminal.console, other ? "no llama2.c checkpoint\n" : "note: %s\n", error.text);
}

/// The models of one volume, counted in `found`. A volume without the folder is no error.
rt::Result<void> list_volume(uefi::Handle device, uint32_t& found, const Terminal& terminal) {
  rt::Result<platform::Volume> volume = platform::Volume::open(device);
  if (!volume) return volume.error();
  rt::Result<platform::Directory> folder = volume->open_directory(kFolder);
  if (!folder && folder.error().code == rt::Errc::not_found) return {};
  if (!folder) return folder.error();
  for (;;) {
    platform::DirectoryEntry entry;
    rt::Result<bool> more = folder->next(entry);
    if (!more) return more.error();
    if (!*more || terminal.keyboard.stop_pressed()) return {};
    if (may_be_model(entry)) list(*volume, entry, terminal), ++found;
  }
}

}  // namespace

void list_models(const Terminal& terminal) {
  uefi::Handle devices[kMaxVolumes];
  const uint64_t volumes = platform::find_volumes({devices, kMaxVolumes});
  uint32_t found = 0;
  for (uint64_t i = 0; i < volumes; ++i)
    if (rt::Result<void> done = list_volume(devices[i], found, terminal); !done)
      rt::print(terminal.console, "note: %s\n", done.error().text);
  if (!found) rt::print(terminal.console, "no model in %s on any volume\n", kFolder);
}

}  // namespace boot
