// The functions of libmoa_cuda.so (module_interface.h).
#include "engine/backend/cuda/cuda_backend.h"
#include "engine/backend/cuda/cuda_bench.h"
#include "engine/backend/cuda/cuda_tiles.h"
#include "engine/backend/cuda/module_interface.h"

extern "C" {

__attribute__((visibility("default"))) int moaCudaModuleVersion() {
    return moa::cuda::kModuleVersion;
}

__attribute__((visibility("default"))) void moaCudaListDevices(std::vector<moa::DeviceInfo>& devices) {
    devices = moa::cuda::listDevices();
}

__attribute__((visibility("default"))) moa::Backend* moaCudaCreateBackend(int index, moa::DType dtype) {
    return moa::cuda::makeCudaBackend(index, dtype).release();
}

__attribute__((visibility("default"))) moa::DeviceBench* moaCudaCreateBench(int index) {
    return moa::cuda::makeDeviceBench(index).release();
}

__attribute__((visibility("default"))) moa::TileDevice* moaCudaCreateTiles(int index) {
    return moa::cuda::makeTileDevice(index).release();
}
}
