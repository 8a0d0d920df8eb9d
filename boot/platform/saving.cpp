#include "boot/platform/saving.hpp"

#include "boot/platform/firmware.hpp"
#include "boot/platform/model_names.hpp"
#include "rt/format.hpp"
#include "rt/parse.hpp"
#include "rt/utf.hpp"

namespace platform {

using uefi::Status;

namespace {

constexpr uint64_t kChange = uefi::kFileModeRead | uefi::kFileModeWrite;
constexpr const char* kTemporary = "llama-new.tmp";  // what is being written
constexpr const char* kReplaced = "llama-old.tmp";   // what it replaces, until it has the name

bool is_separator(char c) { return c == '\\' || c == '/'; }

/// Where the file's own name begins in `path`.
uint64_t name_begin(const rt::Text& path) {
  uint64_t at = path.size;
  while (at && !is_separator(path[at - 1])) --at;
  return at;
}

/// A name that every file system takes for just this one: FAT drops dots and blanks at a name's end, ~ is in its short
/// names for other files, and a colon names a part of a file on NTFS.
bool is_plain(const rt::Text& name) {
  for (const char c : name)
    if (uint8_t(c) < 0x20 || c == 0x7f || rt::Text("\"*:<>?|~").contains(c)) return false;
  const char last = name[name.size - 1];
  return last != '.' && last != ' ' && name[0] != ' ';
}

/// The path of another file in the same folder, in `buffer`.
rt::Text beside(const rt::Text& path, const char* name, rt::Span<char> buffer) {
  return rt::print_to(buffer, "%.*s%s", int(name_begin(path)), path.data, name);
}

/// All of `text`, on the medium.
rt::Result<void> write(uefi::FileProtocol* file, rt::Text path, rt::Text text) {
  for (uint64_t done = 0; done < text.size;) {
    const uint64_t asked = rt::min(text.size - done, kMaxTransfer);
    uefi::Uintn put = asked;
    const Status status = file->write(file, &put, text.data + done);
    if (status != Status::success || put == 0 || put > asked)
      return firmware_error(status == Status::success ? Status::device_error : status,
                            "%pT: writing failed after %'llu bytes", &path, static_cast<unsigned long long>(done));
    done += put;
  }
  const Status status = file->flush(file);
  if (status != Status::success) return firmware_error(status, "%pT: writing failed", &path);
  return {};
}

/// Deletes the file that `handle` is open on.
Status remove(FileHandle& handle) {
  uefi::FileProtocol* const raw = handle.release();
  return raw->delete_file(raw);
}

/// A new file `path` with `text` in it, or none. `title` names it in errors.
rt::Result<void> write_new(Volume& volume, const rt::Text& path, rt::Text title, rt::Text text) {
  rt::Result<FileHandle> file = volume.open_handle(path, kChange | uefi::kFileModeCreate);
  if (!file) {
    const rt::Error& error = file.error();
    return rt::fail(error.code, error.detail, "%pT: cannot be saved: %s", &title, error.text);
  }
  const rt::Result<void> done = write(file->get(), title, text);
  if (!done) (void)remove(*file);
  return done;
}

/// Gives the file `path` another name in its folder.
rt::Result<void> rename(Volume& volume, const rt::Text& path, rt::Text name) {
  rt::Result<FileHandle> file = volume.open_handle(path, kChange);
  if (!file) return file.error();
  FileInfoBuffer buffer{};
  uefi::Uintn bytes = sizeof buffer;
  Status status = file->get()->get_info(file->get(), &uefi::FileInfo::kGuid, &bytes, &buffer);
  // SetInfo() takes over all that is in there, the size too: it must be true.
  if (status == Status::success && buffer.info.size < sizeof buffer.info) status = Status::device_error;
  if (status == Status::success) {
    const uint64_t units = rt::utf8_to_utf16(name, {buffer.name, FileInfoBuffer::kLongest});
    buffer.name[units] = 0;
    buffer.info.size = sizeof buffer.info + (units + 1) * sizeof(uefi::Char16);
    status = file->get()->set_info(file->get(), &uefi::FileInfo::kGuid, buffer.info.size, &buffer);
  }
  if (status != Status::success) return firmware_error(status, "%pT: cannot be renamed", &path);
  return {};
}

/// Deletes what may be left of an earlier start that lost its power.
rt::Result<void> clear(Volume& volume, const rt::Text& path) {
  rt::Result<FileHandle> old = volume.open_handle(path, kChange);
  if (!old) return old.error().code == rt::Errc::not_found ? rt::Result<void>{} : old.error();
  if (const Status status = remove(*old); status != Status::success)
    return firmware_error(status, "%pT: cannot be deleted", &path);
  return {};
}

/// Gives `fresh` the name of `path`, where a file is: that one has another name until the new one has its own.
rt::Result<void> exchange(Volume& volume, rt::Text path, rt::Text fresh) {
  char buffer[300];
  const rt::Text name = path.from(name_begin(path)), old = beside(path, kReplaced, {buffer, sizeof buffer});
  if (rt::Result<void> done = clear(volume, old); !done) return done;
  if (rt::Result<void> done = rename(volume, path, kReplaced); !done) return done;
  const rt::Result<void> done = rename(volume, fresh, name);
  if (!done) {
    if (rename(volume, old, name)) return done;
    return rt::fail(done.error().code, done.error().detail, "%s; what was there is now %pT", done.error().text, &old);
  }
  (void)clear(volume, old);
  return {};
}

}  // namespace

rt::Result<void> check_save_path(const rt::Text& path) {
  constexpr const char* kRefused[] = {".sha256", ".efi", ".nsh"};
  constexpr const char* kKept[] = {"llama.cfg", kTemporary, kReplaced};
  bool first = true;
  for (uint64_t at = 0; at < path.size; ++at) {
    const uint64_t begin = at;
    while (at < path.size && !is_separator(path[at])) ++at;
    if (at == begin) continue;
    const rt::Text name = path.part(begin, at - begin);
    if (!is_plain(name))
      return rt::fail(rt::Errc::usage, 0, "%pT: not a plain name, which every file system takes as it is", &path);
    if (first && rt::is_any_case(name, "efi"))
      return rt::fail(rt::Errc::usage, 0, "%pT: nothing is saved below \\EFI, where a machine starts from", &path);
    first = false;
  }
  const rt::Text name = path.from(name_begin(path));
  if (name.empty()) return rt::fail(rt::Errc::usage, 0, "%pT: the name of a file is missing", &path);
  bool refused = is_model_name(name);
  for (const char* kept : kKept) refused |= rt::is_any_case(name, kept);
  for (const char* end : kRefused) refused |= rt::ends_with_any_case(name, end);
  if (refused)
    return rt::fail(rt::Errc::usage, 0, "%pT: such names are kept for models, programs and settings: save as .txt",
                    &path);
  return {};
}

rt::Result<void> save_file(const rt::Text& path, rt::Text text, Replace replace) {
  if (rt::Result<void> done = check_save_path(path); !done) return done;
  const Device device = boot_device();
  if (!device)
    return rt::fail(rt::Errc::usage, 0, "%pT: there is no volume to save to: the program was not started from one",
                    &path);
  rt::Result<Volume> volume = Volume::open(device);
  if (!volume) return volume.error();
  rt::Result<File> there = volume->open_file(path);
  if (!there && there.error().code != rt::Errc::not_found) return there.error();
  const bool exists = bool(there);
  if (exists && replace == Replace::no)
    return rt::fail(rt::Errc::usage, 0, "%pT: there is such a file already", &path);
  *there = File();

  char buffer[300];
  const rt::Text fresh = beside(path, kTemporary, {buffer, sizeof buffer});
  if (rt::Result<void> done = clear(*volume, fresh); !done) return done;
  if (rt::Result<void> done = write_new(*volume, fresh, path, text); !done) return done;
  const rt::Result<void> done =
      exists ? exchange(*volume, path, fresh) : rename(*volume, fresh, path.from(name_begin(path)));
  if (done) return {};
  (void)clear(*volume, fresh);
  // Some firmware cannot rename. Where nothing is replaced, nothing can be lost.
  return exists ? done : write_new(*volume, path, path, text);
}

}  // namespace platform
