#include "engine/backend/cuda/cuda_module.h"

#include "engine/backend/cuda/module_interface.h"
#include "engine/core/error.h"

#include <dlfcn.h>

#include <filesystem>

namespace moa {

namespace {

constexpr const char* kFileName = "libmoa_cuda.so";

/// The module's functions; opened once, by whoever asks first.
struct Module {
    cuda::ListDevicesFn listDevices = nullptr;
    cuda::CreateBackendFn createBackend = nullptr;
    cuda::CreateBenchFn createBench = nullptr;
    cuda::CreateTilesFn createTiles = nullptr;
    std::string why; ///< what is missing, when it could not be opened

    Module() {
        // Asked first: the module brings cuBLAS, which takes long to open for nothing.
        if (!dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL)) {
            why = "there is no NVIDIA driver (libcuda.so.1)";
            return;
        }
        std::error_code ignored;
        const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
        void* library = nullptr;
        for (const auto& place :
             {program / kFileName, program / "../lib" / kFileName, std::filesystem::path(kFileName)})
            if ((library = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL))) break;
        if (!library) {
            const char* reason = dlerror();
            why = std::string("the CUDA backend could not be opened (") + (reason ? reason : kFileName) + ")";
            return;
        }
        const auto version = reinterpret_cast<cuda::ModuleVersionFn>(dlsym(library, "moaCudaModuleVersion"));
        if (!version || version() != cuda::kModuleVersion) {
            why = std::string(kFileName) + " belongs to another version of this program";
            return;
        }
        listDevices = reinterpret_cast<cuda::ListDevicesFn>(dlsym(library, "moaCudaListDevices"));
        createBackend = reinterpret_cast<cuda::CreateBackendFn>(dlsym(library, "moaCudaCreateBackend"));
        createBench = reinterpret_cast<cuda::CreateBenchFn>(dlsym(library, "moaCudaCreateBench"));
        createTiles = reinterpret_cast<cuda::CreateTilesFn>(dlsym(library, "moaCudaCreateTiles"));
        if (!listDevices || !createBackend || !createBench || !createTiles)
            why = std::string(kFileName) + " lacks its functions";
    }
};

const Module& module() {
    static const Module opened;
    return opened;
}

} // namespace

std::vector<DeviceInfo> cudaDevices(std::string* why) {
    std::vector<DeviceInfo> devices;
    if (module().why.empty()) module().listDevices(devices);
    if (why) *why = !module().why.empty() ? module().why : devices.empty() ? "no CUDA device was found" : "";
    return devices;
}

namespace {

/// Throws unless there is a card of that index.
void checkIndex(int index) {
    std::string why;
    const auto count = static_cast<int>(cudaDevices(&why).size());
    if (count == 0) throw Error(why);
    if (index < 0 || index >= count)
        throw UsageError("there is no CUDA device " + std::to_string(index) + "; there are " +
                         std::to_string(count));
}

} // namespace

std::unique_ptr<Backend> openCudaBackend(int index, DType dtype) {
    if (dtype == DType::F32) throw UsageError("the CUDA backend works in F16 or BF16");
    checkIndex(index);
    return std::unique_ptr<Backend>(module().createBackend(index, dtype));
}

std::unique_ptr<TileDevice> openCudaTiles(int index) {
    checkIndex(index);
    return std::unique_ptr<TileDevice>(module().createTiles(index));
}

std::unique_ptr<DeviceBench> openCudaBench(int index) {
    checkIndex(index);
    return std::unique_ptr<DeviceBench>(module().createBench(index));
}

} // namespace moa
